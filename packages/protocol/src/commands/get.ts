import { isBinaryKey, textKey } from '../binary-key.ts'
import { Command, type Dialect, errorOfReply, misplaced } from '../command.ts'
import type { WireKey } from '../key.ts'
import type { ItemKey } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import type { Serde } from '../serde.ts'
import type { LineMember } from './get-line.ts'
import { isNoValue } from './item-fields.ts'
import { serdeTimeout, settleInTime } from './late-value.ts'
import { casOf, FailedValue, isPending, readValue, withCas } from './value.ts'

/**
 * `get`, and with `withCas` `gets`, and with an exptime `gat` and `gats`: one key's value.
 *
 * In the meta dialect the request carries an opaque and its reply must carry the same, in text the reply
 * must name the key: a reply to another request is an error, never a value.
 */
export class GetCommand<V, T, D> extends Command<T | D> {
  readonly wire: WireKey
  readonly #key: ItemKey
  readonly #serde: Serde<V>
  readonly #withCas: boolean
  readonly #miss: D
  readonly #exptime: number | undefined
  readonly #onWin: (wire: WireKey) => void
  #opaque = -1
  #hit = false
  #hits: number | undefined = undefined

  /** @param onWin - gives a stale item's win back, which a read takes whether it is meant to or not (LEASES) */
  constructor(
    wire: WireKey,
    key: ItemKey,
    serde: Serde<V>,
    withCas: boolean,
    miss: D,
    exptime?: number,
    onWin: (wire: WireKey) => void = () => {},
  ) {
    super()
    this.wire = wire
    this.#key = key
    this.#serde = serde
    this.#withCas = withCas
    this.#miss = miss
    this.#exptime = exptime
    this.#onWin = onWin
  }

  override get name(): string {
    if (this.#exptime === undefined) return this.#withCas ? 'gets' : 'get'
    return this.#withCas ? 'gats' : 'gat'
  }

  override get isRead(): boolean {
    return true
  }

  override get size(): number {
    return this.wire.length + 32
  }

  override get hits(): number | undefined {
    return this.#hits
  }

  override get lineMember(): LineMember | undefined {
    const isPlain = !this.#withCas && this.#exptime === undefined && !isBinaryKey(this.wire)
    return isPlain ? this : undefined
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    if (dialect === 'text') {
      this.#opaque = -1
      out.ascii(this.name)
      if (this.#exptime !== undefined) out.ascii(` ${this.#exptime}`)
      out.ascii(' ').ascii(textKey(this.wire)).crlf()
      return
    }
    this.#opaque = out.nextOpaque()
    out.ascii('mg ').ascii(this.wire).ascii(' v f').opaque()
    if (this.#withCas) out.ascii(' c')
    if (this.#exptime !== undefined) out.ascii(` T${this.#exptime}`)
    out.crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.va:
        if (reply.opaque !== this.#opaque) throw misplaced(reply, this.name)
        if (reply.endsInMark && reply.metaFlag('W') !== undefined) this.#onWin(this.wire)
        this.take(reply)
        return true
      case ReplyKind.en:
        // Before 1.6.18 a miss does not repeat the opaque.
        if (this.#opaque < 0 || (reply.opaque !== -1 && reply.opaque !== this.#opaque)) {
          throw misplaced(reply, this.name)
        }
        this.takeMiss()
        return true
      case ReplyKind.value:
        if (this.#opaque >= 0 || this.#hit || !reply.hasKey(this.wire))
          throw misplaced(reply, this.name)
        this.#hit = true
        this.take(reply)
        return false
      case ReplyKind.end:
        if (this.#opaque >= 0) throw misplaced(reply, this.name)
        if (!this.#hit) this.takeMiss()
        return true
      default:
        if (this.#hit) throw errorOfReply(reply, this.name)
        return this.refuse(reply)
    }
  }

  /** Settles with the value that the parser stands on. */
  take(reply: ReplyParser): void {
    if (this.isSettled) return
    if (isNoValue(reply)) {
      this.takeMiss()
      return
    }
    this.#hits = 1
    const value = readValue<V>(reply, this.#serde, this.#key, this.name)
    if (FailedValue.is(value)) {
      this.reject(value.error)
      return
    }
    const result = this.#withCas ? withCas(value, casOf(reply)) : value
    if (isPending(result)) this.#resolveLater(result as Promise<T>, reply.server)
    else this.resolve(result as T)
  }

  #resolveLater(result: Promise<T>, server: string | undefined): void {
    settleInTime(this, () =>
      this.reject(serdeTimeout('read', { key: this.#key, server, command: this.name })),
    )
    result.then(
      (value) => this.resolve(value),
      (error: unknown) => this.reject(error),
    )
  }

  takeMiss(): void {
    this.#hits = 0
    this.resolve(this.#miss)
  }
}
