import { Command, type Dialect, errorOfReply, misplaced } from '../command.ts'
import { MemcacheSerdeError } from '../errors.ts'
import { itemKey, type WireKey } from '../key.ts'
import type { Leased, LeaseKind } from '../lease-methods.ts'
import type { CasToken, Key } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import type { Serde } from '../serde.ts'
import { serdeTimeout, settleInTime } from './late-value.ts'
import { ReservedFlags } from './reserved-flags.ts'
import { casOf, FailedValue, isPending, readValue } from './value.ts'

/** What a `LeaseCommand` asks for. */
export interface LeaseRequest<V> {
  readonly key: Key
  readonly wire: WireKey
  readonly serde: Serde<V>
  readonly seconds: number
  readonly refreshWithin: number
  /** The CAS token of the placeholder, where the server takes one. */
  readonly number: CasToken
  /** What the call comes to in the text dialect when there is no item. */
  readonly winInText: () => Promise<Leased<V>>
}

/** What the reply says of the item beside its value. */
type Found<V> = Omit<Leased<V>, 'kind' | 'value' | 'error'>

/**
 * `lease`: an `mg` that makes a placeholder on a miss (LEASES, `N`), in text a `gets`. It takes no longer than a `get`:
 * nothing of the reply goes through a map.
 */
export class LeaseCommand<V> extends Command<Leased<V>> {
  readonly #request: LeaseRequest<V>
  #opaque = -1
  #origin: object | undefined = undefined
  #hits: number | undefined = undefined
  #hit = false

  constructor(request: LeaseRequest<V>) {
    super()
    this.#request = request
  }

  override get name(): string {
    return 'lease'
  }

  override get size(): number {
    return this.#request.wire.length + 72
  }

  override get hits(): number | undefined {
    return this.#hits
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    const { wire, seconds, refreshWithin, number } = this.#request
    this.#origin = out.peer
    if (dialect === 'text') {
      this.#opaque = -1
      out.ascii('gets ').ascii(wire).crlf()
      return
    }
    this.#opaque = out.nextOpaque()
    out.ascii('mg ').ascii(wire).ascii(' v f c N').uint(seconds).ascii(' t')
    if (refreshWithin > 0) out.ascii(' R').uint(refreshWithin + 1)
    if (out.peer.takesCas) out.ascii(' E').ascii(number)
    out.opaque().crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.va:
        if (reply.opaque !== this.#opaque) throw misplaced(reply, this.name)
        this.#take(reply, this.#found(reply))
        return true
      case ReplyKind.en:
        // Before 1.6.18 a miss does not repeat the opaque.
        if (this.#opaque < 0 || (reply.opaque !== -1 && reply.opaque !== this.#opaque)) {
          throw misplaced(reply, this.name)
        }
        this.#settle({ ...this.#unfound(), cas: undefined }, 'placeholder')
        return true
      case ReplyKind.value:
        if (this.#opaque >= 0 || this.#hit || !reply.hasKey(this.#request.wire)) {
          throw misplaced(reply, this.name)
        }
        this.#hit = true
        this.#take(reply, { ...this.#unfound(), cas: casOf(reply), ttl: undefined })
        return false
      case ReplyKind.end:
        if (this.#opaque >= 0) throw misplaced(reply, this.name)
        if (!this.#hit) this.resolve(this.#request.winInText())
        return true
      default:
        if (this.#hit) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }

  #found(reply: ReplyParser): Found<V> {
    const ttl = reply.metaFlag('t')
    const isMarked = reply.endsInMark
    return {
      key: this.#request.key,
      cas: casOf(reply),
      origin: this.#origin,
      won: isMarked && reply.metaFlag('W') !== undefined,
      alreadyWon: isMarked && reply.metaFlag('Z') !== undefined,
      stale: isMarked && reply.metaFlag('X') !== undefined,
      ttl: ttl === '-1' ? Number.POSITIVE_INFINITY : Number(ttl),
    }
  }

  #unfound(): Found<V> {
    const { key } = this.#request
    const state = { won: false, alreadyWon: false, stale: false }
    return { key, cas: undefined, origin: this.#origin, ...state, ttl: undefined }
  }

  #take(reply: ReplyParser, found: Found<V>): void {
    const { flags, size } = reply
    if (flags === ReservedFlags.nothing) this.#settle(found, 'nothing')
    else if (flags === ReservedFlags.lock) {
      const won = reply.dataView.toString('latin1') === this.#request.number
      this.#settle({ ...found, won, alreadyWon: !won }, 'placeholder')
    } else if (size > 0 || flags !== 0 || !(found.won || found.alreadyWon || this.#opaque < 0)) {
      this.#takeValue(reply, found)
    } else this.#settle({ ...found, alreadyWon: !found.won }, 'placeholder')
  }

  #takeValue(reply: ReplyParser, found: Found<V>): void {
    if (this.isSettled) return
    const { serde, key } = this.#request
    const { server } = reply
    const item = itemKey(key)
    const value = readValue<V>(reply, serde, item, this.name)
    if (FailedValue.is(value)) this.#settle(found, 'unreadable', undefined, value.error)
    else if (!isPending(value)) this.#settle(found, 'value', value)
    else {
      settleInTime(this, () =>
        this.reject(serdeTimeout('read', { key: item, server, command: this.name })),
      )
      value.then(
        (settled) => this.#settle(found, 'value', settled),
        (error: unknown) => {
          if (error instanceof MemcacheSerdeError) {
            this.#settle(found, 'unreadable', undefined, error)
          } else this.reject(error)
        },
      )
    }
  }

  #settle(found: Found<V>, kind: LeaseKind, value?: V, error?: Error): void {
    this.#hits = kind === 'value' || kind === 'nothing' ? 1 : 0
    this.resolve({ ...found, kind, value, error })
  }
}
