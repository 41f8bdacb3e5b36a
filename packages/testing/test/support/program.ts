import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { bundled } from '../../../../test-support/bundle.ts'

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))
const MC_SERVER = new URL('../../src/bin/mc-server.ts', import.meta.url)

/** `mc-server` as a process of its own, run from source. */
export class Program implements AsyncDisposable {
  /** Exit code and signal, once its output has been read as well. */
  readonly exit: Promise<unknown[]>
  out = ''
  error = ''
  readonly #child: ChildProcessByStdio<null, Readable, Readable>

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [bundled(MC_SERVER), ...args], {
      cwd: PACKAGE,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.exit = once(this.#child, 'close')
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.error += text
    })
  }

  /** Where it listens, as its first line says. */
  async name(): Promise<string> {
    await Promise.race([once(this.#child.stdout, 'data'), this.exit])
    const name = /^mc-server listens on (.+)\n$/.exec(this.out)?.[1]
    if (name === undefined) throw new Error(`mc-server does not listen: ${this.out}${this.error}`)
    return name
  }

  stop(signal: NodeJS.Signals): Promise<unknown[]> {
    this.#child.kill(signal)
    return this.exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}
