import { Command, ReplyKind, type ReplyParser, type RequestWriter } from '@mc/protocol'
import { errorOfReply } from '@mc/protocol/toolkit'

/** Asks for the node list, by the command for it or, of old engines, by the key under which it is stored. */
export class ConfigCommand extends Command<Buffer | undefined> {
  readonly #line: 'config get cluster' | 'get AmazonElastiCache:cluster'
  #payload: Buffer | undefined

  constructor(line: 'config get cluster' | 'get AmazonElastiCache:cluster') {
    super()
    this.#line = line
  }

  override get name(): string {
    return 'config'
  }

  override get isRead(): boolean {
    return true
  }

  override get size(): number {
    return this.#line.length + 2
  }

  override write(out: RequestWriter): void {
    out.ascii(this.#line).crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.config:
      case ReplyKind.value:
        if (this.#payload !== undefined) throw errorOfReply(reply, this.name)
        this.#payload = reply.data
        return false
      case ReplyKind.end:
        this.resolve(this.#payload)
        return true
      default:
        if (this.#payload !== undefined) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }
}
