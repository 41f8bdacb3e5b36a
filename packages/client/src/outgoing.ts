import { type Command, type Dialect, RequestWriter } from '@mc/protocol'
import { GetLine, type Peer } from '@mc/protocol/toolkit'

/** Most bytes in one batch to a server that stalls when storage commands are pipelined over TLS. */
const TLS_BATCH = 16 * 1024

/** The requests of one connection that its socket does not have yet, and what the server takes of them at once. */
export class Outgoing {
  /** How commands are written from now on. */
  dialect: Dialect = 'text'
  /** The server loses its last replies when storage commands are pipelined over TLS (before 1.6.39). */
  stallsOverTls: boolean

  readonly #writer = new RequestWriter()
  /** Gets that are to go as one line and are not written yet. */
  #line: GetLine | undefined
  #batchIsSent = false
  #batchStores = false

  constructor(stallsOverTls: boolean) {
    this.stallsOverTls = stallsOverTls
  }

  /** What leases have to know of the server. */
  set peer(peer: Peer) {
    this.#writer.peer = peer
  }

  /** Bytes written and not taken. */
  get length(): number {
    return this.#writer.length
  }

  /** Begins a batch: the server has answered all that was sent. */
  beginBatch(): void {
    this.#batchIsSent = false
    this.#batchStores = false
  }

  /** Whether the server takes the command in the batch that it has not answered yet. */
  fitsBatch(command: Command): boolean {
    if (!this.stallsOverTls) return true
    if (!this.#batchStores && !command.isStore) return true
    const waiting = this.#line?.size ?? 0
    return !this.#batchIsSent && this.#writer.length + waiting + command.size <= TLS_BATCH
  }

  /**
   * Writes the request. Answers what its reply goes to: the command, or a line of gets that it begins; `undefined` if it has
   * joined a line.
   *
   * @param copiesData - its data may change before the socket has read it
   * @throws what the command's `write` throws; then nothing of it is written
   */
  add(command: Command, copiesData: boolean): Command | undefined {
    const member = this.dialect === 'text' ? command.lineMember : undefined
    if (member !== undefined && this.#line?.add(member)) return undefined
    this.#finishLine()
    if (member !== undefined) {
      this.#line = new GetLine()
      this.#line.add(member)
      return this.#line
    }
    this.#writer.copiesData = copiesData
    const { length } = this.#writer
    try {
      command.write(this.#writer, this.dialect)
    } catch (error) {
      this.#writer.truncate(length)
      throw error
    }
    this.#batchStores ||= command.isStore
    return command
  }

  /** The requests so far, which the caller is to send. */
  take(): ReturnType<RequestWriter['take']> | undefined {
    this.#finishLine()
    if (this.#writer.length === 0) return undefined
    this.#batchIsSent = true
    return this.#writer.take()
  }

  #finishLine(): void {
    this.#line?.write(this.#writer)
    this.#line = undefined
  }
}
