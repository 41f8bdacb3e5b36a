/** What a command reads and writes, so that tests and other programs can run it in their process. */
export interface Io {
  /** Where values and commands are read from. */
  readonly stdin: Input
  /** Where results are written. */
  readonly stdout: Output
  /** Where errors and progress are written. */
  readonly stderr: Output
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends what runs until it is interrupted. */
  readonly signal: AbortSignal
}

/** A stream to read from, as `process.stdin`. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean | undefined
  /** Whether keys come as they are typed, Ctrl-C as a character. */
  setRawMode?(isRaw: boolean): unknown
  /** Nothing more is read. */
  destroy?(): unknown
}

/** A stream to write to, as `process.stdout`. */
export interface Output {
  /** False when the caller should wait for `drain`. */
  write(text: string | Uint8Array): boolean
  /** Calls back when more can be written. */
  once(event: 'drain', listener: () => void): unknown
  /** Calls back each time the terminal has another size. */
  on?(event: 'resize', listener: () => void): unknown
  /** Ends that. */
  off?(event: 'resize', listener: () => void): unknown
  /** Whether it is a terminal. @default false */
  readonly isTTY?: boolean | undefined
  /** Characters in a line of the terminal. */
  readonly columns?: number | undefined
  /** Lines of the terminal. */
  readonly rows?: number | undefined
}

/** Writes, and waits where the reader is slower. */
export async function write(output: Output, text: string | Uint8Array): Promise<void> {
  if (!output.write(text)) await new Promise<void>((resolve) => output.once('drain', resolve))
}

/** The process's own. The first Ctrl-C ends the command, a second one the process. */
export function processIo(): Io {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)))
  }
  // `mc keys | head` closes the pipe.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: controller.signal,
  }
}
