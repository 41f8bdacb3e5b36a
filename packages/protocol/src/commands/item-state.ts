import type { WireKey } from '../key.ts'
import type { CasToken } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import { isNoValue, NO_CAS } from './item-fields.ts'
import { ItemMetaCommand } from './item-meta.ts'
import { ReservedFlags } from './reserved-flags.ts'

/** An item as invalidation has to know it. */
export interface ItemState {
  readonly cas: CasToken
  /** Seconds; `Infinity` for an item that never expires. */
  readonly ttl: number
  readonly isPlaceholder: boolean
  readonly isStale: boolean
}

/** The state of an item, `undefined` on a miss. It takes a stale item's win, as every `mg` does. */
export class ItemStateCommand extends ItemMetaCommand<ItemState | undefined> {
  constructor(wire: WireKey) {
    super('invalidate', 'mg', wire, ' s f c t u')
  }

  override get isRead(): boolean {
    return true
  }

  protected take(reply: ReplyParser): void {
    if (reply.kind !== ReplyKind.hd) {
      this.resolve(undefined)
      return
    }
    const isEmpty = isNoValue(reply, Number(reply.metaFlag('s')))
    this.resolve({
      cas: reply.metaFlag('c') ?? NO_CAS,
      ttl: reply.ttl,
      isPlaceholder: isEmpty && reply.flags !== ReservedFlags.nothing,
      isStale: reply.metaFlag('X') !== undefined,
    })
  }
}
