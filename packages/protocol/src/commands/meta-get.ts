import type { WireKey } from '../key.ts'
import type { ItemKey } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { Serde } from '../serde.ts'
import { type FieldName, fieldFlags, fieldsOf, flagsOf, isNoValue } from './item-fields.ts'
import { ItemMetaCommand } from './item-meta.ts'
import { serdeTimeout, settleInTime } from './late-value.ts'
import { FailedValue, isPending, readValue } from './value.ts'

/** What a `MetaGetCommand` asks for. */
export interface MetaGetRequest<V> {
  readonly name: string
  readonly wire: WireKey
  readonly key: ItemKey
  /** What reads the value; absent where none is asked for. */
  readonly serde: Serde<V> | undefined
  readonly fields: readonly FieldName[]
  /** Flags that do something, each behind a space: they come before those that ask for fields. */
  readonly actions: string
  /** It changes nothing, so that it can be sent twice. */
  readonly isRead: boolean
  /** Gives a stale item's win back, if the call is not to have it. */
  readonly onWin?: ((wire: WireKey) => void) | undefined
}

/** `mg`: the fields of an item that were asked for, `undefined` on a miss. */
export class MetaGetCommand<V> extends ItemMetaCommand<object | undefined> {
  readonly #request: MetaGetRequest<V>
  #hits: number | undefined = undefined

  constructor(request: MetaGetRequest<V>) {
    const { name, wire, serde, fields, actions } = request
    // A value is read by its client flags, so they are always asked for with it.
    const value = serde === undefined ? '' : fields.includes('flags') ? ' v' : ' v f'
    super(name, 'mg', wire, actions + value + fieldFlags(fields))
    this.#request = request
  }

  override get isRead(): boolean {
    return this.#request.isRead
  }

  override get hits(): number | undefined {
    return this.#hits
  }

  protected take(reply: ReplyParser): void {
    this.#hits = reply.kind === ReplyKind.en ? 0 : 1
    if (reply.kind === ReplyKind.en) {
      this.resolve(undefined)
      return
    }
    const { serde, fields, onWin } = this.#request
    const flags = flagsOf(reply)
    const isWin = flags.has('W')
    if (isWin) onWin?.(this.key)
    const won = isWin && onWin === undefined
    const lease = { won, alreadyWon: flags.has('Z'), stale: flags.has('X') }
    const item = { ...lease, ...fieldsOf(flags, fields) }
    const hasValue = reply.kind === ReplyKind.va && !isNoValue(reply)
    if (serde === undefined) this.resolve(item)
    else if (hasValue) this.#takeValue(reply, serde, item)
    else this.resolve({ ...item, value: undefined })
  }

  #takeValue(reply: ReplyParser, serde: Serde<V>, item: object): void {
    const { key } = this.#request
    const { server } = reply
    const value = readValue<V>(reply, serde, key, this.name)
    if (FailedValue.is(value)) this.reject(value.error)
    else if (!isPending(value)) this.resolve({ ...item, value })
    else {
      settleInTime(this, () =>
        this.reject(serdeTimeout('read', { key, server, command: this.name })),
      )
      value.then(
        (settled) => this.resolve({ ...item, value: settled }),
        (error: unknown) => this.reject(error),
      )
    }
  }
}
