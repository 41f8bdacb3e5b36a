import { textKey, writeMetaSet } from '../binary-key.ts'
import { checkLength, dataLength } from '../bytes.ts'
import { Command, type Dialect, misplaced } from '../command.ts'
import { MemcacheServerError } from '../errors.ts'
import { shownKey, type WireKey } from '../key.ts'
import type { Lease } from '../lease-methods.ts'
import type { CasToken } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import { NO_CAS } from './item-fields.ts'
import { storedFlags } from './reserved-flags.ts'

/** A lease of an item or placeholder that there was. */
export type HeldLease = Lease & { readonly cas: CasToken }

/**
 * What ends a lease, if the item is still what the lease saw: true done, false changed, undefined gone.
 *
 * A server that was restarted counts its CAS tokens from 1 again, so that an old one may be that of a newer item. A token
 * of its own is therefore sent only to a server that has been connected to since before the lease.
 */
abstract class LeaseEndCommand extends Command<boolean | undefined> {
  abstract override readonly name: 'fill' | 'release'
  protected readonly wire: WireKey
  readonly #lease: HeldLease
  #opaque = -1

  constructor(wire: WireKey, lease: HeldLease) {
    super()
    this.wire = wire
    this.#lease = lease
  }

  /** `undefined` for a server that knows none. */
  protected get cas(): CasToken | undefined {
    const { cas } = this.#lease
    return cas === NO_CAS ? undefined : cas
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    if (!out.peer.knows(this.#lease)) {
      this.resolve(undefined)
      // Nothing is sent for a command whose `write` throws.
      throw new MemcacheServerError('the lease has ended with its connection', { written: false })
    }
    this.#opaque = dialect === 'meta' ? out.nextOpaque() : -1
    if (dialect === 'meta') this.writeMeta(out)
    else this.writeText(out)
  }

  protected abstract writeMeta(out: RequestWriter): void
  protected abstract writeText(out: RequestWriter): void

  override read(reply: ReplyParser): boolean {
    const { kind } = reply
    const isMeta = kind >= ReplyKind.va && kind <= ReplyKind.ex
    if (isMeta && reply.opaque !== this.#opaque) throw misplaced(reply, this.name)
    switch (kind) {
      case ReplyKind.hd:
      case ReplyKind.stored:
      case ReplyKind.deleted:
        this.resolve(true)
        return true
      case ReplyKind.ex:
      case ReplyKind.ns:
      case ReplyKind.exists:
        this.resolve(false)
        return true
      case ReplyKind.nf:
      case ReplyKind.notFound:
        this.resolve(undefined)
        return true
      default:
        return this.refuse(reply)
    }
  }
}

/** `fill`: an `ms` with the lease's CAS token, in text a `cas`. */
export class FillCommand extends LeaseEndCommand {
  override readonly name = 'fill'
  readonly #data: string | Uint8Array
  readonly #length: number
  readonly #flags: number
  readonly #exptime: number
  readonly #number: CasToken

  /** @param item - the item to store; its `number` is the CAS token that it gets, where the server takes one */
  constructor(
    wire: WireKey,
    lease: HeldLease,
    item: {
      readonly data: string | Uint8Array
      readonly flags: number
      readonly exptime: number
      readonly number: CasToken
    },
  ) {
    super(wire, lease)
    this.#data = item.data
    this.#length = dataLength(item.data)
    this.#flags = storedFlags(item.flags, this.#length)
    this.#exptime = item.exptime
    this.#number = item.number
  }

  override get isStore(): boolean {
    return true
  }

  override get subject(): string {
    return `${shownKey(this.wire)}, ${this.#length} bytes`
  }

  override get size(): number {
    return this.#length + this.wire.length + 96
  }

  protected writeMeta(out: RequestWriter): void {
    checkLength(this.#data, this.#length)
    writeMetaSet(out, this.wire, this.#length)
    if (this.cas !== undefined) out.ascii(' C').ascii(this.cas)
    if (this.#flags !== 0) out.ascii(' F').uint(this.#flags)
    if (this.#exptime !== 0) out.ascii(` T${this.#exptime}`)
    if (out.peer.takesCas) out.ascii(' E').ascii(this.#number)
    out.opaque().crlf().data(this.#data, this.#length).crlf()
  }

  protected writeText(out: RequestWriter): void {
    checkLength(this.#data, this.#length)
    const numbers = ` ${this.#flags} ${this.#exptime} ${this.#length}`
    out
      .ascii(this.cas === undefined ? 'set ' : 'cas ')
      .ascii(textKey(this.wire))
      .ascii(numbers)
    if (this.cas !== undefined) out.ascii(' ').ascii(this.cas)
    out.crlf().data(this.#data, this.#length).crlf()
  }
}

/** `release`: an `md` with the lease's CAS token, in text a `cas` that expires at once. */
export class ReleaseCommand extends LeaseEndCommand {
  override readonly name = 'release'
  readonly #past: number

  /** @param past - an exptime that has passed */
  constructor(wire: WireKey, lease: HeldLease, past: number) {
    super(wire, lease)
    this.#past = past
  }

  // In text it has a payload, of no bytes.
  override get isStore(): boolean {
    return true
  }

  override get size(): number {
    return this.wire.length + 48
  }

  protected writeMeta(out: RequestWriter): void {
    out.ascii('md ').ascii(this.wire)
    if (this.cas !== undefined) out.ascii(' C').ascii(this.cas)
    out.opaque().crlf()
  }

  protected writeText(out: RequestWriter): void {
    const key = textKey(this.wire)
    if (this.cas === undefined) out.ascii('delete ').ascii(key).crlf()
    else out.ascii('cas ').ascii(key).ascii(` 0 ${this.#past} 0 ${this.cas}`).crlf().crlf()
  }
}
