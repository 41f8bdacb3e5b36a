import { writeMetaSet } from '../binary-key.ts'
import { checkLength, dataLength } from '../bytes.ts'
import { Command, type Dialect, misplaced } from '../command.ts'
import { MemcacheUnsupportedError } from '../errors.ts'
import { shownKey, type WireKey } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'

/** Meta commands of one key. */
export type ItemVerb = 'mg' | 'ms' | 'md' | 'ma'

/** A meta command of one item. Its reply must carry the opaque of its request (PROTOCOL 1.5). */
export abstract class ItemMetaCommand<T> extends Command<T> {
  override readonly name: string
  readonly #verb: ItemVerb
  protected readonly key: WireKey
  readonly #flags: string
  readonly #data: string | Uint8Array | undefined
  readonly #length: number
  #opaque = -1

  /**
   * @param name - for errors and telemetry
   * @param flags - as on the line, each behind a space
   * @param data - of `ms`
   */
  constructor(
    name: string,
    verb: ItemVerb,
    key: WireKey,
    flags: string,
    data?: string | Uint8Array,
  ) {
    super()
    this.name = name
    this.#verb = verb
    this.key = key
    this.#flags = flags
    this.#data = data
    this.#length = data === undefined ? 0 : dataLength(data)
  }

  override get isStore(): boolean {
    return this.#data !== undefined
  }

  override get subject(): string | undefined {
    if (this.#data === undefined) return undefined
    return `${shownKey(this.key)}, ${this.#length} bytes`
  }

  override get size(): number {
    return this.key.length + this.#flags.length + this.#length + 24
  }

  /** @throws MemcacheUnsupportedError where there are no meta commands */
  override write(out: RequestWriter, dialect: Dialect): void {
    if (dialect === 'text') throw unsupported(this.name)
    if (this.#data !== undefined) checkLength(this.#data, this.#length)
    this.#opaque = out.nextOpaque()
    if (this.#data !== undefined) writeMetaSet(out, this.key, this.#length)
    else out.ascii(this.#verb).ascii(' ').ascii(this.key)
    out.ascii(this.#flags).opaque().crlf()
    if (this.#data !== undefined) out.data(this.#data, this.#length).crlf()
  }

  override read(reply: ReplyParser): boolean {
    const { kind } = reply
    if (kind < ReplyKind.va || kind > ReplyKind.ex) return this.refuse(reply)
    // Before 1.6.18 a miss does not repeat the opaque.
    const isSilentMiss = kind === ReplyKind.en && reply.opaque === -1
    if (reply.opaque !== this.#opaque && !isSilentMiss) throw misplaced(reply, this.name)
    this.take(reply)
    return true
  }

  /** Settles with a reply that is the command's own. */
  protected abstract take(reply: ReplyParser): void
}

function unsupported(command: string): MemcacheUnsupportedError {
  return new MemcacheUnsupportedError('the server has no meta commands', {
    command,
    written: false,
  })
}
