import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** What may happen to one chunk on its way from the server to the client. */
type Mishap = 'split' | 'delay' | 'cut' | 'reset' | 'swallow'

/**
 * A TCP proxy that mistreats what the server answers: cut into single bytes, held back, broken off in the
 * middle, reset, or never passed on. It never reorders or invents bytes. Its chances follow a seed.
 */
export class UnreliableProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #random: () => number
  /** Chance that a chunk is mistreated. */
  chance = 0
  /** How often each mishap happened. */
  readonly mishaps: Record<Mishap, number> = { split: 0, delay: 0, cut: 0, reset: 0, swallow: 0 }

  private constructor(server: Server, seed: number) {
    this.#server = server
    this.#random = seededRandom(seed)
  }

  static async start(target: string, seed: number): Promise<UnreliableProxy> {
    const [host = '', port = ''] = target.split(':')
    const server = createServer()
    const proxy = new UnreliableProxy(server, seed)
    server.on('connection', (client) => proxy.#join(client, connect(Number(port), host)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get name(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket, server: Socket): void {
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    client.pipe(server)
    let order = Promise.resolve()
    server.on('data', (chunk) => {
      order = order.then(() => this.#pass(chunk, client))
    })
  }

  async #pass(chunk: Buffer, client: Socket): Promise<void> {
    if (client.destroyed) return
    if (this.#random() >= this.chance) {
      client.write(chunk)
      return
    }
    const all = Object.keys(this.mishaps) as Mishap[]
    const mishap = all[Math.floor(this.#random() * all.length)] as Mishap
    this.mishaps[mishap]++
    const middle = Math.floor(this.#random() * chunk.length)
    switch (mishap) {
      case 'split':
        for (let i = 0; i < Math.min(chunk.length, 200); i++) {
          client.write(chunk.subarray(i, i + 1))
          await new Promise((resolve) => setImmediate(resolve))
        }
        client.write(chunk.subarray(200))
        return
      case 'delay':
        client.write(chunk.subarray(0, middle))
        await new Promise((resolve) => setTimeout(resolve, 60))
        client.write(chunk.subarray(middle))
        return
      case 'cut':
        client.end(chunk.subarray(0, middle))
        return
      case 'reset':
        client.write(chunk.subarray(0, middle))
        client.resetAndDestroy()
        return
      case 'swallow':
        // Nothing more comes on this connection, as from a host that has gone.
        await once(client, 'close')
    }
  }
}

/** Mulberry32, a small generator: the same seed gives the same numbers. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
