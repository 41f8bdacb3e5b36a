import { textKey } from '../binary-key.ts'
import { type Dialect, errorOfReply, misplaced } from '../command.ts'
import type { WireKey } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import { isNoValue } from './item-fields.ts'
import { ItemMetaCommand } from './item-meta.ts'

/** Whether there is an item: an `mg` that asks for the size alone, in text a `get` whose value is dropped. */
export class HasCommand extends ItemMetaCommand<boolean> {
  readonly #onWin: (wire: WireKey) => void
  #isText = false
  #hit = false
  #hits: number | undefined = undefined

  /** @param onWin - as for `GetCommand` */
  constructor(wire: WireKey, onWin: (wire: WireKey) => void) {
    super('has', 'mg', wire, ' s f')
    this.#onWin = onWin
  }

  override get isRead(): boolean {
    return true
  }

  override get hits(): number | undefined {
    return this.#hits
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    this.#isText = dialect === 'text'
    if (this.#isText) out.ascii('get ').ascii(textKey(this.key)).crlf()
    else super.write(out, dialect)
  }

  override read(reply: ReplyParser): boolean {
    if (!this.#isText) return super.read(reply)
    switch (reply.kind) {
      case ReplyKind.value:
        if (this.#hit || !reply.hasKey(this.key)) throw misplaced(reply, this.name)
        this.#hit = true
        this.#settle(!isNoValue(reply))
        return false
      case ReplyKind.end:
        this.#settle(false)
        return true
      default:
        if (this.#hit) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }

  protected take(reply: ReplyParser): void {
    const isItem = reply.kind === ReplyKind.hd
    if (isItem && reply.endsInMark && reply.metaFlag('W') !== undefined) this.#onWin(this.key)
    this.#settle(isItem && !isNoValue(reply, Number(reply.metaFlag('s'))))
  }

  #settle(isThere: boolean): void {
    if (this.isSettled) return
    this.#hits = isThere ? 1 : 0
    this.resolve(isThere)
  }
}
