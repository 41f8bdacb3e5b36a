import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { MemcachedServer, testCertificate } from '@mc/testing'

/** Longest `get` line that a serverless cache takes, in bytes. */
const MAX_GET_LINE = 16 * 1024

/**
 * A cache as ElastiCache Serverless offers it: TLS only, with the commands and limits that AWS documents. It
 * answers what it does not take as AWS says, and notes it.
 */
export class ServerlessCache implements AsyncDisposable {
  readonly refused: string[] = []
  longestGet = 0
  readonly #memcached: MemcachedServer
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async start(): Promise<ServerlessCache> {
    const cache = new ServerlessCache(await MemcachedServer.start({ version: '1.6.21' }))
    cache.#server.listen(0, '127.0.0.1')
    await once(cache.#server, 'listening')
    return cache
  }

  private constructor(memcached: MemcachedServer) {
    this.#memcached = memcached
    this.#server = createServer(testCertificate(), (client) => this.#serve(client))
    this.#server.on('tlsClientError', () => {})
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket))
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await this.#memcached.stop()
  }

  #serve(client: Socket): void {
    const server = connect(this.#memcached.port, '127.0.0.1')
    server.pipe(client)
    client.on('error', () => {})
    client.on('close', () => server.destroy())
    let unread = ''
    client.setEncoding('latin1').on('data', (text: string) => {
      const lines = (unread + text).split('\r\n')
      unread = lines.pop() ?? ''
      for (const line of lines) {
        const refusal = this.#refusal(line)
        if (refusal === undefined) server.write(`${line}\r\n`, 'latin1')
        else {
          this.refused.push(line)
          client.write(`${refusal}\r\n`)
        }
      }
    })
  }

  // Payload lines pass as well: the test stores none that looks like a command.
  #refusal(line: string): string | undefined {
    if (/^gets? /.test(line)) {
      this.longestGet = Math.max(this.longestGet, line.length)
      return line.length > MAX_GET_LINE ? 'CLIENT_ERROR line too long' : undefined
    }
    if (/^flush_all \d/.test(line)) return 'CLIENT_ERROR delayed flush is not supported'
    if (/^stats (?!reset$)/.test(line)) return 'ERROR'
    return /^(lru|lru_crawler|watch|verbosity|me)( |$)/.test(line) ? 'ERROR' : undefined
  }
}
