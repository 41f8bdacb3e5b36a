import type { WireKey } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import { counterOf } from './counter-value.ts'
import { ItemMetaCommand } from './item-meta.ts'

// The commands of a key in base64 that have another form for other keys.

/** `touch`: true touched, false not there. */
export class MetaTouchCommand extends ItemMetaCommand<boolean> {
  readonly #onWin: (wire: WireKey) => void

  /** @param onWin - as for `GetCommand` */
  constructor(wire: WireKey, exptime: number, onWin: (wire: WireKey) => void) {
    super('touch', 'mg', wire, ` T${exptime}`)
    this.#onWin = onWin
  }

  protected take(reply: ReplyParser): void {
    const isItem = reply.kind === ReplyKind.hd
    if (isItem && reply.endsInMark && reply.metaFlag('W') !== undefined) this.#onWin(this.key)
    this.resolve(isItem)
  }
}

/** `incr` and `decr`: the new value, `undefined` when not there. */
export class MetaCounterCommand extends ItemMetaCommand<number | bigint | undefined> {
  readonly #asBigint: boolean

  /** @param delta - decimal text */
  constructor(verb: 'incr' | 'decr', wire: WireKey, delta: string, asBigint: boolean) {
    super(verb, 'ma', wire, ` D${delta}${verb === 'incr' ? '' : ' MD'} v`)
    this.#asBigint = asBigint
  }

  protected take(reply: ReplyParser): void {
    if (reply.kind !== ReplyKind.va) {
      this.resolve(undefined)
      return
    }
    const value = counterOf(reply, this.#asBigint, this.name)
    if (value instanceof Error) this.reject(value)
    else this.resolve(value)
  }
}
