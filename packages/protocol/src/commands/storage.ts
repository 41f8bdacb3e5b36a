import { isBinaryKey, textKey, writeMetaSet } from '../binary-key.ts'
import { checkLength, dataLength } from '../bytes.ts'
import { Command, type Dialect, misplaced } from '../command.ts'
import { shownKey, type WireKey } from '../key.ts'
import type { CasToken } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import { isLongText, type RequestWriter } from '../request-writer.ts'
import { storedFlags } from './reserved-flags.ts'

/** The commands that store an item. */
export type StoreVerb = 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas'

/** The flag of `ms` that does what a command does; the token of `cas` comes behind it. */
const MODES: Readonly<Record<Exclude<StoreVerb, 'set'>, string>> = {
  add: ' ME',
  replace: ' MR',
  append: ' MA',
  prepend: ' MP',
  cas: ' C',
}

/**
 * Stores an item: true stored, false not stored (for `cas`: changed by someone else), and for `cas`
 * undefined when there is none.
 *
 * Only `set` has a meta form here, but for keys in base64: a server deletes the old item when the value of an `ms` is
 * too large, whatever its mode, where `add`, `replace`, `append`, `prepend` and `cas` keep it.
 */
export class StoreCommand extends Command<boolean | undefined> {
  readonly #verb: StoreVerb
  readonly #key: WireKey
  readonly #data: string | Uint8Array
  /** In bytes, but of long text in characters: its bytes are counted when it is encoded. */
  readonly #length: number
  readonly #flags: number
  readonly #exptime: number
  readonly #cas: CasToken | undefined
  #opaque = -1

  /** @param cas - for `cas` */
  constructor(
    verb: StoreVerb,
    key: WireKey,
    data: string | Uint8Array,
    flags: number,
    exptime: number,
    cas?: CasToken,
  ) {
    super()
    this.#verb = verb
    this.#key = key
    this.#data = data
    this.#length = isLongText(data) ? data.length : dataLength(data)
    this.#flags = storedFlags(flags, this.#length)
    this.#exptime = exptime
    this.#cas = cas
  }

  override get name(): string {
    return this.#verb
  }

  override get isStore(): boolean {
    return true
  }

  override get subject(): string {
    return `${shownKey(this.#key)}, ${dataLength(this.#data)} bytes`
  }

  override get size(): number {
    return this.#length + this.#key.length + 48
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    checkLength(this.#data, this.#length)
    const data = isLongText(this.#data) ? out.encode(this.#data) : this.#data
    const length = data === this.#data ? this.#length : data.length
    const isMeta = dialect === 'meta' && (this.#verb === 'set' || isBinaryKey(this.#key))
    if (isMeta) this.#writeMeta(out, length)
    else this.#writeText(out, length)
    out.crlf().data(data, length).crlf()
  }

  #writeMeta(out: RequestWriter, length: number): void {
    this.#opaque = out.nextOpaque()
    writeMetaSet(out, this.#key, length).opaque()
    if (this.#verb !== 'set') out.ascii(MODES[this.#verb])
    if (this.#cas !== undefined) out.ascii(this.#cas)
    if (this.#flags !== 0) out.ascii(' F').uint(this.#flags)
    if (this.#exptime !== 0) out.ascii(` T${this.#exptime}`)
  }

  #writeText(out: RequestWriter, length: number): void {
    this.#opaque = -1
    out.ascii(this.#verb).ascii(' ').ascii(textKey(this.#key)).ascii(' ').uint(this.#flags)
    out.ascii(` ${this.#exptime} `).uint(length)
    if (this.#cas !== undefined) out.ascii(' ').ascii(this.#cas)
  }

  override read(reply: ReplyParser): boolean {
    if (reply.kind === ReplyKind.hd && reply.opaque === this.#opaque && this.#opaque >= 0) {
      this.resolve(true)
      return true
    }
    return this.#opaque >= 0 ? this.#readMeta(reply) : this.#readText(reply)
  }

  #readMeta(reply: ReplyParser): boolean {
    const { kind } = reply
    const isOfCas = kind === ReplyKind.ex || kind === ReplyKind.nf
    const fits = kind === ReplyKind.hd || kind === ReplyKind.ns
    if (!fits && !(isOfCas && this.#verb === 'cas')) return this.refuse(reply)
    if (reply.opaque !== this.#opaque) throw misplaced(reply, this.name)
    this.resolve(kind === ReplyKind.nf ? undefined : false)
    return true
  }

  #readText(reply: ReplyParser): boolean {
    const isCas = this.#verb === 'cas'
    if (reply.kind === ReplyKind.stored) this.resolve(true)
    else if (reply.kind === ReplyKind.notStored && !isCas) this.resolve(false)
    else if (reply.kind === ReplyKind.exists && isCas) this.resolve(false)
    else if (reply.kind === ReplyKind.notFound && isCas) this.resolve(undefined)
    else return this.refuse(reply)
    return true
  }
}
