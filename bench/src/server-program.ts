import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const TICKS_PER_SECOND = 100
const PROGRAM = fileURLToPath(
  new URL('bin/mc-server.js', import.meta.resolve('@mc/testing/package.json')),
)

/** The embedded server in a process of its own, on a core of its own. */
export class ServerProgram {
  readonly name: string
  readonly #child: ChildProcess

  static async start(core: number, args: readonly string[]): Promise<ServerProgram> {
    const command = ['-c', String(core), process.execPath, PROGRAM, '-p', '-1', ...args]
    const child = spawn('taskset', command, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new ServerProgram(child, line.toString().trim().split(' ').at(-1) ?? '')
  }

  private constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.name = name
  }

  /** Seconds of CPU used so far. */
  get cpu(): number {
    // The second field, in parentheses, is the program's name.
    const fields = this.#read('stat').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  }

  /** Bytes of memory in use. */
  get memory(): number {
    return Number(/^VmRSS:\s+(\d+)/m.exec(this.#read('status'))?.[1]) * 1024
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }

  #read(file: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${file}`, 'latin1')
  }
}
