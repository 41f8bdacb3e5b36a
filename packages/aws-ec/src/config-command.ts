import { ReplyKind, type ReplyParser } from '@mc/protocol'
import { errorOfReply, LineCommand } from '@mc/protocol/toolkit'

/** Asks for the node list, by the command for it or, of old engines, by the key under which it is stored. */
export class ConfigCommand extends LineCommand<Buffer | undefined> {
  #payload: Buffer | undefined

  constructor(line: 'config get cluster' | 'get AmazonElastiCache:cluster') {
    super('config', line)
  }

  override get isRead(): boolean {
    return true
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
