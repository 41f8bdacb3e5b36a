import { type Io, run } from '../../src/index.ts'

/** What a command line did. */
export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
  /** The output as bytes. */
  readonly bytes: Buffer
}

export interface RunOptions {
  readonly stdin?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** As on a terminal of so many columns. */
  readonly columns?: number
  /** Whether errors and progress go to a terminal, whatever the output does. */
  readonly hasErrorTerminal?: boolean
  /** Called with everything written so far. */
  readonly onOutput?: (out: string) => void
}

/** Milliseconds: a busy machine must not decide. */
const TIMEOUT = '30000'

/** Runs a command line of `mc` in this process. */
export async function mc(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const written: Record<'out' | 'err', Buffer[]> = { out: [], err: [] }
  const output = (to: 'out' | 'err'): Io['stdout'] => ({
    write(text) {
      written[to].push(Buffer.from(text))
      if (to === 'out') options.onOutput?.(Buffer.concat(written.out).toString())
      return true
    },
    once: () => undefined,
    isTTY: options.columns !== undefined || (to === 'err' && options.hasErrorTerminal === true),
    columns: options.columns,
  })
  const exit = await run(['--timeout', TIMEOUT, ...argv], {
    stdin: (async function* () {
      yield options.stdin ?? ''
    })(),
    stdout: output('out'),
    stderr: output('err'),
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  })
  const bytes = Buffer.concat(written.out)
  return { exit, bytes, out: bytes.toString(), err: Buffer.concat(written.err).toString() }
}

/** The same with `--json`: what it printed, read. */
export async function mcJson<T = ReturnType<typeof JSON.parse>>(
  argv: readonly string[],
  options?: RunOptions,
): Promise<T> {
  const { out, err } = await mc(['--json', ...argv], options)
  if (out === '') throw new Error(`no output: ${err}`)
  return JSON.parse(out)
}

/** Each line of the output, read as JSON. */
export async function mcLines<T = ReturnType<typeof JSON.parse>>(
  argv: readonly string[],
  options?: RunOptions,
): Promise<T[]> {
  const { out } = await mc(['--json', ...argv], options)
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
