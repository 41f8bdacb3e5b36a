import { connect, createServer, type Server, type Socket } from 'node:net'
import type { MemcachedServer } from '@mc/testing'

/** Stands before a server and lets a new connection wait before its first reply; later ones come at once. */
export class SlowServer {
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** @param delay - milliseconds before anything of a new connection is read */
  static async start(behind: MemcachedServer, delay: number): Promise<SlowServer> {
    const slow = new SlowServer(behind, delay)
    await new Promise<void>((resolve) => slow.#server.listen(0, '127.0.0.1', 2048, resolve))
    return slow
  }

  private constructor(behind: MemcachedServer, delay: number) {
    this.#server = createServer((socket) => {
      this.connections++
      this.#track(socket)
      setTimeout(() => {
        if (socket.destroyed) return
        const upstream = connect(behind.port as number, '127.0.0.1')
        this.#track(upstream)
        socket.pipe(upstream).pipe(socket)
        socket.on('close', () => upstream.destroy())
        upstream.on('close', () => socket.destroy())
      }, delay)
    })
  }

  get name(): string {
    const { port } = this.#server.address() as { port: number }
    return `127.0.0.1:${port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
  }
}
