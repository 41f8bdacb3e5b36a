import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { Address, Auth } from '@mc/protocol'
import { AUTHS, checkOneOf } from '@mc/protocol/toolkit'
import type { InjectedFault } from './faults/injected-fault.ts'
import type { ServerCommand, ServerFault } from './server/command-log.ts'
import type { EmbeddedServerState } from './server/exchange.ts'
import { createServerState, type ServerStateOptions } from './server/server-state.ts'
import { Session } from './server/session.ts'
import { type ServerItem, snapshotOf } from './server/snapshot.ts'
import type { TestServer } from './test-server.ts'

/** Bytes that may wait for a slow watcher; lines beyond are dropped, as memcached does. */
const WATCHER_BUFFER = 262_144

/** Options of a `MemcachedServer`. */
export interface MemcachedServerOptions extends ServerStateOptions {
  /** TCP port; 0 takes a free one. @default 0 */
  readonly port?: number | undefined
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** Path of a Unix socket, in place of host and port. */
  readonly path?: string | undefined
  /** Speak TLS: `key` and `cert`, and whatever else `tls.createServer` takes. */
  readonly tls?: TlsOptions | undefined
  /** Passwords by user. Connections have to authenticate first, as with memcached's `-Y`. */
  readonly auth?: Readonly<Record<string, string>> | undefined
  /**
   * The login that `auth` asks for: that of `-Y`, or that of MemCachier, a first `set` of the password under the
   * user's name.
   *
   * @default 'memcached'
   */
  readonly authScheme?: Auth | undefined
  /** Let the `shutdown` command stop the server. @default false */
  readonly allowShutdown?: boolean | undefined
  /**
   * Takes each line of the server's log: why it closed a connection whose client cannot know.
   *
   * @default a warning of the process, `process.emitWarning`
   */
  readonly log?: ((line: string) => void) | undefined
}

/**
 * A memcached in this process: all commands of both dialects, with the replies, error lines and limits
 * of memcached 1.6.18.
 *
 * ```ts
 * const server = await MemcachedServer.start()
 * const client = new Client(server.name)
 * ```
 */
export class MemcachedServer implements TestServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<Session>()
  readonly #state: EmbeddedServerState
  readonly #path: string | undefined
  readonly #stopped: Promise<void>
  #settleStopped: () => void = () => undefined
  #isStopping = false

  /**
   * Starts a server and answers when it listens. Rejects when it cannot, such as for a port in use.
   *
   * @throws RangeError for limits that are not a number of bytes
   */
  static async start(options: MemcachedServerOptions = {}): Promise<MemcachedServer> {
    const server = new MemcachedServer(options)
    await server.#listen(options)
    return server
  }

  private constructor(options: MemcachedServerOptions) {
    this.#path = options.path
    this.#stopped = new Promise((resolve) => {
      this.#settleStopped = resolve
    })
    this.#state = this.#createState(options)
    const { tls } = options
    const accept = (socket: Socket): void => this.#accept(socket)
    if (tls === undefined) {
      this.#server = createServer({ noDelay: true }, accept)
    } else {
      this.#server = createTlsServer({ noDelay: true, ...tls }, accept)
      // Half-open TLS connections are to be ended by `stop` as well.
      this.#server.on('connection', (socket: Socket) => this.#track(socket))
      this.#server.on('tlsClientError', () => undefined)
    }
  }

  /** `host:port`, or the path of the Unix socket: what a client takes as its server. */
  get name(): string {
    if (this.#path !== undefined) return this.#path
    const { host } = this.#state.settings
    return `${host?.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  /** TCP port; 0 on a Unix socket. */
  get port(): number {
    return this.#state.settings.port
  }

  /** Host and port, or the path of the Unix socket. */
  get address(): Address {
    if (this.#path !== undefined) return { path: this.#path }
    return { host: this.#state.settings.host ?? '', port: this.port }
  }

  /**
   * Sets a fault to work. A command meets the first of those that are due, in the order they were
   * injected.
   *
   * ```ts
   * server.inject({ kind: 'error', line: 'SERVER_ERROR busy', command: ['set', 'ms'], times: 1 })
   * ```
   *
   * @throws TypeError or RangeError for what is no fault
   */
  inject(fault: ServerFault): InjectedFault {
    return this.#state.commands.inject(fault)
  }

  /** Removes all faults. */
  clearFaults(): void {
    this.#state.commands.clearFaults()
  }

  /**
   * Commands received since the start or the last `resetCommandCount`, on all connections.
   *
   * @param command - count only these
   * @throws TypeError for what is no command
   */
  commandCount(command?: ServerCommand | readonly ServerCommand[]): number {
    return this.#state.commands.count(command)
  }

  /** Lets `commandCount` and `waitFor` begin from 0 again. */
  resetCommandCount(): void {
    this.#state.commands.resetCount()
  }

  /**
   * Resolves when `commandCount` has come to `count`. Rejects when the server is stopped before that.
   *
   * @param command - count only these
   * @throws TypeError or RangeError for what is no command or no count
   */
  waitFor(count: number, command?: ServerCommand | readonly ServerCommand[]): Promise<void> {
    return this.#state.commands.waitFor(count, command)
  }

  /** The items that a client would find now, sorted by key. */
  snapshot(): ServerItem[] {
    return snapshotOf(this.#state.store)
  }

  /** Resolves when it has stopped, by `stop` or by the `shutdown` command. */
  get stopped(): Promise<void> {
    return this.#stopped
  }

  /** Closes all connections and stops listening. */
  stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true
      this.#server.close(() => this.#settleStopped())
      for (const socket of this.#sockets) socket.destroy()
      this.#state.commands.stop()
    }
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #localName(): string {
    return this.#path === undefined ? `tcp:${this.name}` : `unix:${this.#path}`
  }

  #createState(options: MemcachedServerOptions): EmbeddedServerState {
    const { auth, authScheme = 'memcached', path } = options
    checkOneOf('authScheme', authScheme, AUTHS)
    const settings = {
      verbosity: 0,
      port: 0,
      host: path === undefined ? (options.host ?? '127.0.0.1') : undefined,
      path,
      tls: options.tls !== undefined,
    }
    return createServerState(options, settings, this.#sessions, {
      credentials: auth && new Map(Object.entries(auth)),
      authScheme,
      shutdown: options.allowShutdown ? () => void this.stop() : undefined,
      log: options.log ?? ((line) => process.emitWarning(line, 'MemcachedServerWarning')),
    })
  }

  #listen({ port = 0, path }: MemcachedServerOptions): Promise<void> {
    const { settings } = this.#state
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      const where = path === undefined ? { host: settings.host, port } : { path }
      this.#server.listen(where, () => {
        this.#server.off('error', reject)
        const address = this.#server.address()
        if (address !== null && typeof address === 'object') settings.port = address.port
        resolve()
      })
    })
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }

  #accept(socket: Socket): void {
    this.#track(socket)
    const peer = peerName(socket)
    const { watchers } = this.#state
    const push = (line: string): boolean => {
      if (socket.writableLength > WATCHER_BUFFER) return false
      socket.write(line, 'latin1')
      return true
    }
    const session = new Session(this.#state, peer, this.#localName(), push)
    watchers.connected('conn_new', peer, session.number)
    this.#sessions.add(session)
    this.#state.store.counters.total_connections++
    socket.on('close', () => {
      this.#sessions.delete(session)
      session.end()
      watchers.connected('conn_close', peer, session.number)
    })
    let hang: Promise<void> | undefined
    const send = (output: Buffer | undefined): void => {
      const flowing = output === undefined || socket.write(output)
      if (session.hang !== hang) {
        hang = session.hang
        void hang?.then(() => send(session.release()))
      }
      if (session.closed) socket.end()
      else if (!flowing) {
        // A client that does not read its replies is not read from either.
        socket.pause()
        socket.once('drain', () => {
          socket.resume()
          if (session.full) send(session.answer())
        })
      } else if (session.full) send(session.answer())
    }
    socket.on('data', (chunk: Buffer) => send(session.receive(chunk)))
  }
}

function peerName({ remoteAddress, remotePort, remoteFamily }: Socket): string {
  if (remoteAddress === undefined) return 'unix:'
  const host = remoteFamily === 'IPv6' ? `[${remoteAddress}]` : remoteAddress
  return `${remoteFamily === 'IPv6' ? 'tcp6' : 'tcp'}:${host}:${remotePort}`
}
