import { textKey } from '../binary-key.ts'
import type { LeaseNumbers } from '../client/lease-numbers.ts'
import { Command, type Dialect, errorOfReply, misplaced } from '../command.ts'
import { MemcacheSerdeError } from '../errors.ts'
import { itemKey, type WireKey } from '../key.ts'
import type { Lease, Leased, LeaseKind } from '../lease-methods.ts'
import type { CasToken, CommandOptions, Key } from '../memcache-client.ts'
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
  /** In the text dialect: the data of the lock that this call has tried to store. */
  readonly lock: CasToken | undefined
  readonly options: CommandOptions
  readonly host: LeaseHost<V>
}

/** What leases have in common, so that none needs functions of its own. */
export interface LeaseHost<V> {
  /** CAS tokens for placeholders, where the server takes one. */
  readonly leaseNumbers: LeaseNumbers
  /** What a call comes to in the text dialect when there is no item. */
  winInText(request: LeaseRequest<V>, command: Command): Promise<Leased<V>>
  /** Takes what was won for a caller who has given up. */
  onLostWin(request: LeaseRequest<V>, lease: Lease, isPlaceholder: boolean): void
}

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
  // What the reply says of the item, in fields: an object to be copied would take longer than all else.
  #cas: CasToken | undefined = undefined
  #won = false
  #alreadyWon = false
  #stale = false
  #ttl: number | undefined = undefined

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
    const { wire, seconds, refreshWithin, host } = this.#request
    this.#origin = out.peer
    if (dialect === 'text') {
      this.#opaque = -1
      out.ascii('gets ').ascii(textKey(wire)).crlf()
      return
    }
    this.#opaque = out.nextOpaque()
    out.ascii('mg ').ascii(wire).ascii(' v f').opaque().ascii(' c N').uint(seconds).ascii(' t')
    if (refreshWithin > 0) out.ascii(' R').uint(refreshWithin + 1)
    if (out.peer.takesCas) out.ascii(' E').ascii(host.leaseNumbers.next())
    out.crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.va:
        if (reply.opaque !== this.#opaque) throw misplaced(reply, this.name)
        this.#readFlags(reply)
        this.#take(reply)
        return true
      case ReplyKind.en:
        // Before 1.6.18 a miss does not repeat the opaque.
        if (this.#opaque < 0 || (reply.opaque !== -1 && reply.opaque !== this.#opaque)) {
          throw misplaced(reply, this.name)
        }
        this.#settle('placeholder')
        return true
      case ReplyKind.value:
        if (this.#opaque >= 0 || this.#hit || !reply.hasKey(this.#request.wire)) {
          throw misplaced(reply, this.name)
        }
        this.#hit = true
        this.#cas = casOf(reply)
        this.#take(reply)
        return false
      case ReplyKind.end:
        if (this.#opaque >= 0) throw misplaced(reply, this.name)
        if (!this.#hit && !this.isSettled) {
          this.resolve(this.#request.host.winInText(this.#request, this))
        }
        return true
      default:
        if (this.#hit) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }

  #readFlags(reply: ReplyParser): void {
    this.#cas = casOf(reply)
    const { ttl } = reply
    this.#ttl = Number.isNaN(ttl) ? undefined : ttl
    if (!reply.endsInMark) return
    this.#won = reply.metaFlag('W') !== undefined
    this.#alreadyWon = reply.metaFlag('Z') !== undefined
    this.#stale = reply.metaFlag('X') !== undefined
  }

  #take(reply: ReplyParser): void {
    const { flags, size } = reply
    const isLock = flags === ReservedFlags.lock
    const isEmpty = size === 0 && flags === 0 && (this.#opaque < 0 || reply.endsInMark)
    if (isLock) this.#won = reply.dataView.toString('latin1') === this.#request.lock
    if (this.isSettled) {
      const { key, host } = this.#request
      const lease = { key, cas: this.#cas, origin: this.#origin }
      if (this.#won) host.onLostWin(this.#request, lease, isLock || isEmpty)
    } else if (isLock || isEmpty) {
      this.#alreadyWon = !this.#won
      this.#settle('placeholder')
    } else if (flags === ReservedFlags.nothing) this.#settle('nothing')
    else this.#takeValue(reply)
  }

  #takeValue(reply: ReplyParser): void {
    const { serde, key } = this.#request
    const { server } = reply
    const item = itemKey(key)
    const value = readValue<V>(reply, serde, item, this.name)
    if (FailedValue.is(value)) this.#settle('unreadable', undefined, value.error)
    else if (!isPending(value)) this.#settle('value', value)
    else {
      settleInTime(this, () =>
        this.reject(serdeTimeout('read', { key: item, server, command: this.name })),
      )
      value.then(
        (settled) => this.#settle('value', settled),
        (error: unknown) => {
          if (error instanceof MemcacheSerdeError) this.#settle('unreadable', undefined, error)
          else this.reject(error)
        },
      )
    }
  }

  #settle(kind: LeaseKind, value?: V, error?: Error): void {
    this.#hits = kind === 'value' || kind === 'nothing' ? 1 : 0
    this.resolve({
      key: this.#request.key,
      cas: this.#cas,
      origin: this.#origin,
      kind,
      value,
      error,
      won: this.#won,
      alreadyWon: this.#alreadyWon,
      stale: this.#stale,
      ttl: this.#ttl,
    })
  }
}
