import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { nextTurn } from '../timers.ts'

/** A node as a configuration endpoint lists it. */
export interface ListedNode {
  /** Its DNS name. */
  readonly host: string
  /** Its address, IPv6 without brackets. @default '', as in a list without addresses */
  readonly ip?: string | undefined
  /** TCP port. */
  readonly port: number
}

/** Options of a `ConfigurationEndpointServer`. */
export interface ConfigurationEndpointServerOptions {
  /** @default [] , which is answered as a cluster that has no list yet */
  readonly nodes?: readonly ListedNode[] | undefined
  /** Version of the first list. @default 1 */
  readonly version?: number | undefined
  /** TCP port; 0 takes a free one. @default 0 */
  readonly port?: number | undefined
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** Speak TLS: `key` and `cert`, and whatever else `tls.createServer` takes. */
  readonly tls?: TlsOptions | undefined
  /** Before 1.4.14 `config` is unknown and the list is the value of a key. @default '1.6.18' */
  readonly engineVersion?: string | undefined
}

/** What an endpoint does to its replies to requests for the list. */
export interface EndpointMischief {
  /** Makes other bytes of the reply. */
  readonly reply?: ((reply: Buffer) => Uint8Array | string) | undefined
  /** Answers no sooner than this resolves. */
  readonly until?: Promise<unknown> | undefined
  /** Sends so many bytes of the reply and then none, or closes the connection if `closes`. */
  readonly stopAfter?: number | undefined
  /** Closes the connection after `stopAfter` bytes. @default false */
  readonly closes?: boolean | undefined
  /** Sends the reply in segments of so many bytes. */
  readonly segment?: number | undefined
}

/**
 * The configuration endpoint of an ElastiCache cluster, or the discovery endpoint of a Memorystore
 * instance, whose list can be changed while clients poll it.
 *
 * ```ts
 * const endpoint = await ConfigurationEndpointServer.start({ nodes: [{ host: 'a.test', ip: '127.0.0.1', port }] })
 * const cache = new ElastiCacheHashClient(configurationEndpoint(endpoint.name))
 * endpoint.setNodes([...endpoint.nodes, another])
 * ```
 */
export class ConfigurationEndpointServer implements AsyncDisposable {
  /** What goes wrong from now on. @default {} */
  mischief: EndpointMischief = {}
  /** Requests for the list so far. */
  polls = 0

  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #engineVersion: string
  #host = ''
  #nodes: readonly ListedNode[]
  #version: number
  #stopped: Promise<void> | undefined

  /** Starts one and answers when it listens. */
  static async start(
    options: ConfigurationEndpointServerOptions = {},
  ): Promise<ConfigurationEndpointServer> {
    const endpoint = new ConfigurationEndpointServer(options)
    const { host = '127.0.0.1', port = 0 } = options
    endpoint.#host = host
    endpoint.#server.listen(port, host)
    await once(endpoint.#server, 'listening')
    return endpoint
  }

  private constructor({ nodes, version, tls, engineVersion }: ConfigurationEndpointServerOptions) {
    this.#nodes = nodes ?? []
    this.#version = version ?? 1
    this.#engineVersion = engineVersion ?? '1.6.18'
    const serve = (socket: Socket): void => this.#serve(socket)
    if (tls === undefined) this.#server = createServer({ noDelay: true }, serve)
    else {
      this.#server = createTlsServer({ noDelay: true, ...tls }, serve)
      this.#server.on('connection', (socket: Socket) => this.#track(socket))
      this.#server.on('tlsClientError', () => undefined)
    }
  }

  /** `host:port`: what `configurationEndpoint` takes. */
  get name(): string {
    return `${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${this.port}`
  }

  /** The TCP port. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0
  }

  /** The list as it is now. */
  get nodes(): readonly ListedNode[] {
    return this.#nodes
  }

  /** Version of the list as it is now. */
  get version(): number {
    return this.#version
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  /** @param version - of the new list @default one more */
  setNodes(nodes: readonly ListedNode[], version: number = this.#version + 1): void {
    this.#nodes = nodes
    this.#version = version
  }

  /** Closes all connections and stops listening. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }

  #serve(socket: Socket): void {
    this.#track(socket)
    let unread = ''
    let order = Promise.resolve()
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (unread + text).split('\r\n')
      unread = lines.pop() ?? ''
      // One after another, so that a slow reply holds back those behind it.
      for (const line of lines) order = order.then(() => this.#answer(line, socket))
    })
  }

  async #answer(line: string, socket: Socket): Promise<void> {
    const hasConfig = !isBefore(this.#engineVersion, '1.4.14')
    if (line === 'config get cluster' && hasConfig) await this.#list('CONFIG cluster', socket)
    else if (line === `get ${OLD_KEY}`) await this.#list(`VALUE ${OLD_KEY}`, socket)
    else if (line === 'version') socket.write(`VERSION ${this.#engineVersion}\r\n`)
    else if (line === 'quit') socket.end()
    else socket.write('ERROR\r\n')
  }

  async #list(head: string, socket: Socket): Promise<void> {
    this.polls++
    const { reply, until, stopAfter, closes = false, segment } = this.mischief
    const right = Buffer.from(this.#reply(head))
    const whole = Buffer.from(reply?.(right) ?? right)
    const bytes = whole.subarray(0, stopAfter)
    await until
    const size = segment ?? bytes.length
    for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
      socket.write(bytes.subarray(at, at + size))
      // A turn of the event loop between two writes, so that they do not leave as one.
      if (segment !== undefined) await nextTurn()
    }
    if (closes) socket.end()
  }

  #reply(head: string): string {
    if (this.#nodes.length === 0) return 'END\r\n'
    const nodes = this.#nodes.map(({ host, ip = '', port }) => `${host}|${ip}|${port}`)
    const payload = `${this.#version}\n${nodes.join(' ')}\n`
    return `${head} 0 ${Buffer.byteLength(payload)}\r\n${payload}\r\nEND\r\n`
  }
}

const OLD_KEY = 'AmazonElastiCache:cluster'

function isBefore(version: string, other: string): boolean {
  return version.localeCompare(other, 'en', { numeric: true }) < 0
}
