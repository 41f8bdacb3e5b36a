import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { memcached, testCertificate } from '@mc/testing'

/** What happens to the packets of one direction. */
export interface Path {
  /** Part of the packets, 0 to 1, that get lost. @default 0 */
  readonly loss?: number
  /** Part of the packets, 0 to 1, that overtake the one before them on the same connection. @default 0 */
  readonly swap?: number
  /** Milliseconds that each packet takes. @default 0 */
  readonly delay?: number
}

/** What happens to packets from clients to servers, and from servers to clients; as before where left out. */
export interface Weather {
  readonly requests?: Path
  readonly replies?: Path
}

/** Packets of one direction until now. */
export interface PacketCounts {
  readonly passed: number
  readonly lost: number
  readonly swapped: number
}

const FORWARDER = fileURLToPath(new URL('forwarder.py', import.meta.url))

/** The kernel ends a program when its parent is gone, however that ended. */
const WITH_PARENT: readonly string[] = ['setpriv', '--pdeathsig', 'KILL']
const FORWARDER_COMMAND = ['--net', ...WITH_PARENT, 'python3', FORWARDER]

type Forwarder = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable }

/** Two network namespaces, one for clients and one for servers, and the link between them. */
export class NetworkLab {
  /** Of the servers. */
  readonly address: string
  readonly #forwarder: Forwarder
  readonly #answers: AsyncIterator<string>
  readonly #namespaces: Readonly<Record<'client' | 'server', number>>
  readonly #programs: ChildProcess[] = []
  readonly #folders: string[] = []

  private constructor(
    forwarder: Forwarder,
    answers: AsyncIterator<string>,
    where: { readonly address: string; readonly client: number; readonly server: number },
  ) {
    this.#forwarder = forwarder
    this.#answers = answers
    this.#namespaces = where
    this.address = where.address
  }

  /** Only where tests tagged `network-namespaces` run. */
  static async start(): Promise<NetworkLab> {
    const forwarder = spawn('unshare', FORWARDER_COMMAND, { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface(forwarder.stdout)[Symbol.asyncIterator]()
    const { value } = await lines.next()
    if (value === undefined) throw new Error('the network did not start')
    return new NetworkLab(forwarder, lines, JSON.parse(value))
  }

  /** Changes what happens to packets that come from now on. One call at a time. */
  async set(weather: Weather): Promise<Readonly<Record<keyof Weather, PacketCounts>>> {
    this.#forwarder.stdin.write(`${JSON.stringify(weather)}\n`)
    const { value } = await this.#answers.next()
    return JSON.parse(value)
  }

  /** Runs a program in one of the namespaces, where it ends no later than this process. */
  spawn(
    where: 'client' | 'server',
    command: readonly string[],
    options: SpawnOptions,
  ): ChildProcess {
    const enter = ['--target', String(this.#namespaces[where]), '--net']
    // All of them replace themselves by the next, so that signals reach the program.
    const child = spawn('nsenter', [...enter, ...WITH_PARENT, ...command], options)
    this.#programs.push(child)
    return child
  }

  /**
   * Starts a memcached; it may take a moment until it accepts connections. It has a single worker thread: of
   * several, one may execute what came on a connection long ago behind what the next has just received.
   */
  async startMemcached(port: number, transport: 'TCP' | 'TLS'): Promise<ChildProcess> {
    const options = ['-l', this.address, '-p', String(port), '-u', 'root', '-t', '1']
    const command = [memcached.find() ?? '', ...options]
    if (transport === 'TLS') {
      const folder = await mkdtemp(join(tmpdir(), 'mc-network-'))
      this.#folders.push(folder)
      const { key, cert } = testCertificate()
      await writeFile(join(folder, 'key'), key, { mode: 0o600 })
      await writeFile(join(folder, 'cert'), cert)
      command.push(
        '-Z',
        '-o',
        `ssl_key=${join(folder, 'key')},ssl_chain_cert=${join(folder, 'cert')}`,
      )
    }
    return this.spawn('server', command, { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  /** Ends all that runs in it; with that its namespaces are gone. */
  async stop(): Promise<void> {
    for (const program of this.#programs) program.kill('SIGKILL')
    const ends = [...this.#programs, this.#forwarder].map(async (child) => {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    this.#forwarder.stdin.end()
    await Promise.all(ends)
    for (const folder of this.#folders) await rm(folder, { recursive: true })
  }
}
