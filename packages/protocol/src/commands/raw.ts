import { Command } from '../command.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import { dataLength, type RequestWriter } from '../request-writer.ts'

/** Any line, answered by all bytes before a token. */
export class RawCommand extends Command<Buffer> {
  readonly #command: string | Uint8Array
  readonly #endToken: Uint8Array

  constructor(command: string | Uint8Array, endToken: Uint8Array) {
    super()
    this.#command = command
    this.#endToken = endToken
  }

  override get name(): string {
    return 'raw'
  }

  override get endToken(): Uint8Array {
    return this.#endToken
  }

  override get size(): number {
    return dataLength(this.#command) + 2
  }

  override write(out: RequestWriter): void {
    out.data(this.#command, dataLength(this.#command)).crlf()
  }

  override read(reply: ReplyParser): boolean {
    if (reply.kind !== ReplyKind.raw) return this.refuse(reply)
    this.resolve(reply.data)
    return true
  }
}
