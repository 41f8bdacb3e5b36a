import { connect, type Socket } from 'node:net'
import type { Address } from '@mc/protocol'
import type { FaultPlan } from './fault-plan.ts'
import { FaultyStream, type StreamOwner } from './faulty-stream.ts'

/** First byte of a client that speaks TLS: the record type of a handshake. */
const TLS_HANDSHAKE = 0x16

/** One client's connection, and the one to the server that was opened for it. */
export class Link implements StreamOwner {
  isEncrypted = false
  readonly #client: Socket
  readonly #server: Socket
  readonly #canReset: boolean
  #ended = 0

  /** @param onClose - called when both ends are closed */
  constructor(client: Socket, address: Address, plan: FaultPlan, onClose: () => void) {
    this.#client = client
    this.#server = connect({ ...address, allowHalfOpen: true, noDelay: true })
    this.#canReset = 'port' in address
    let open = 2
    for (const socket of [this.#client, this.#server]) {
      // Told by the close that follows.
      socket.on('error', () => undefined)
      socket.on('close', (hadError: boolean) => {
        if (hadError) this.reset()
        if (--open === 0) onClose()
      })
    }
    client.once('data', (chunk: Buffer) => {
      this.isEncrypted = chunk[0] === TLS_HANDSHAKE
      if (this.isEncrypted) plan.onEncrypted()
    })
    const server = this.#server
    const both = { plan, owner: this }
    new FaultyStream({ ...both, source: client, target: server, direction: 'requests' }).start()
    new FaultyStream({ ...both, source: server, target: client, direction: 'replies' }).start()
  }

  /**
   * Where bytes came just before a reset, libuv reports an end. But then the socket has no peer any more, as one that has
   * ended in both directions.
   */
  wasReset(socket: Socket): boolean {
    const canBeReset = socket === this.#client || this.#canReset
    return canBeReset && !socket.writableEnded && socket.remoteFamily === undefined
  }

  reset(): void {
    reset(this.#client)
    // A Unix socket knows no reset.
    if (this.#canReset) reset(this.#server)
    else this.#server.destroy()
  }

  close(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  onEnd(): void {
    if (++this.#ended < 2) return
    // What a fault has kept from ending ends with the last direction.
    this.#client.end()
    this.#server.end()
  }
}

/** A socket whose end is on its way cannot be reset: Node would neither do it nor ever close the socket. */
function reset(socket: Socket): void {
  if (socket.destroyed) return
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
