import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A server at another address: what it gets goes to the one behind it, and back. */
export class Relay implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** @param port - to listen on @default any */
  static async start(host: string, target: { readonly port: number }, port = 0): Promise<Relay> {
    const relay = new Relay(target)
    relay.#server.listen(port, host)
    await once(relay.#server, 'listening')
    return relay
  }

  private constructor({ port }: { readonly port: number }) {
    this.#server = createServer({ noDelay: true }, (caller) => {
      const target = connect({ host: '127.0.0.1', port, noDelay: true })
      for (const [socket, other] of [
        [caller, target],
        [target, caller],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => {}).on('close', () => other.destroy())
        socket.pipe(other)
      }
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
