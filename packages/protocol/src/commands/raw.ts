import { checkLength, dataLength } from '../bytes.ts'
import { Command } from '../command.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'

/** Any line, answered by all bytes before a token. */
export class RawCommand extends Command<Buffer> {
  readonly #command: string | Uint8Array
  readonly #endToken: Buffer
  readonly #length: number

  /**
   * @param endToken - an empty one means the end of a line
   * @throws MemcacheIllegalInputError unless both are strings or bytes
   */
  constructor(command: string | Uint8Array, endToken: string | Uint8Array) {
    super()
    this.#length = dataLength(command)
    this.#command = command
    this.#endToken = Buffer.from(dataLength(endToken) === 0 ? '\r\n' : endToken)
  }

  override get name(): string {
    return 'raw'
  }

  override get endToken(): Uint8Array {
    return this.#endToken
  }

  override get size(): number {
    return this.#length + 2
  }

  override write(out: RequestWriter): void {
    checkLength(this.#command, this.#length)
    out.data(this.#command, this.#length).crlf()
  }

  override read(reply: ReplyParser): boolean {
    if (reply.kind !== ReplyKind.raw) return this.refuse(reply)
    this.resolve(reply.data)
    return true
  }
}
