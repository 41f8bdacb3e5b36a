import { checkLength, dataLength } from '../bytes.ts'
import { Command } from '../command.ts'
import { illegalInput } from '../errors.ts'
import { MAX_KEY_LENGTH, shownKey, type WireKey, wireKeyBytes } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import { flagsOf } from './item-fields.ts'

/** The meta commands. */
export type MetaVerb = (typeof VERBS)[number]

const VERBS = ['mg', 'ms', 'md', 'ma', 'mn', 'me'] as const

/** A meta request as the protocol has it. */
export interface MetaRequest {
  /** The command: `mg`, `ms`, `md` or `ma`. */
  readonly verb: MetaVerb
  /** Any bytes; sent as base64 where memcached's text form cannot hold them. Absent for `mn`. */
  readonly key?: WireKey | undefined
  /**
   * Flags with their tokens, such as `v`, `T60`, `Oabc`: at most 20. Not `q`, whose silence cannot be
   * told from a lost reply, nor `b`, which is added where the key needs it.
   */
  readonly flags?: readonly string[] | undefined
  /** The value of `ms`. */
  readonly data?: string | Uint8Array | undefined
}

/** A meta reply as the protocol has it. */
export interface MetaReply {
  /** The first word of the reply. */
  readonly code: 'VA' | 'HD' | 'EN' | 'NF' | 'NS' | 'EX' | 'MN' | 'ME'
  /** Returned flags by letter, with their tokens; of `me`, its words by name. */
  readonly flags: ReadonlyMap<string, string>
  /** The value of a `VA` reply. */
  readonly data?: Buffer
}

const CODES: ReadonlyMap<ReplyKind, MetaReply['code']> = new Map([
  [ReplyKind.va, 'VA'],
  [ReplyKind.hd, 'HD'],
  [ReplyKind.en, 'EN'],
  [ReplyKind.nf, 'NF'],
  [ReplyKind.ns, 'NS'],
  [ReplyKind.ex, 'EX'],
  [ReplyKind.mn, 'MN'],
  [ReplyKind.me, 'ME'],
])

/** Any meta command with any flags; every field of its reply comes back. */
export class MetaCommand extends Command<MetaReply> {
  readonly #verb: MetaVerb
  readonly #key: WireKey | undefined
  readonly #line: string
  readonly #data: string | Uint8Array | undefined
  readonly #length: number

  /** @throws MemcacheIllegalInputError for what would not be one well-formed request */
  constructor(request: MetaRequest) {
    super()
    const { verb, key, data, flags = [] } = request
    if (!VERBS.includes(verb)) illegalInput(`a meta command is one of ${VERBS.join(', ')}`)
    checkMetaFlags(flags)
    if ((verb === 'mn') !== (key === undefined))
      illegalInput(`${verb} ${key ? 'takes no' : 'needs a'} key`)
    if ((verb === 'ms') !== (data !== undefined))
      illegalInput(`${verb} ${data ? 'takes no' : 'needs a'} value`)
    this.#verb = verb
    this.#key = key
    this.#data = data
    const words: string[] = [verb]
    if (typeof key === 'string') checkKeyLength(key)
    if (key !== undefined && !isWireKey(key)) {
      illegalInput('key must be a string of one character per byte: 0 to 0xff')
    }
    const encoded = key !== undefined && /[\0-\x20\x7f]/.test(key)
    if (key !== undefined) words.push(encoded ? toBase64(key) : key)
    this.#length = data === undefined ? 0 : dataLength(data)
    if (data !== undefined) words.push(String(this.#length))
    words.push(...flags)
    if (encoded) words.push('b')
    this.#line = words.join(' ')
  }

  override get name(): string {
    return this.#verb
  }

  override get isStore(): boolean {
    return this.#data !== undefined
  }

  override get subject(): string | undefined {
    if (this.#key === undefined || this.#data === undefined) return undefined
    return `${shownKey(this.#key)}, ${this.#length} bytes`
  }

  override get size(): number {
    return this.#line.length + 4 + this.#length
  }

  override write(out: RequestWriter): void {
    if (this.#data !== undefined) checkLength(this.#data, this.#length)
    out.ascii(this.#line).crlf()
    if (this.#data !== undefined) out.data(this.#data, this.#length).crlf()
  }

  override read(reply: ReplyParser): boolean {
    const code = CODES.get(reply.kind)
    if (code === undefined) return this.refuse(reply)
    const flags = code === 'ME' ? debugWords(reply.line) : flagsOf(reply)
    this.resolve(code === 'VA' ? { code, flags, data: reply.data } : { code, flags })
    return true
  }
}

/** `ME <key> exp=-1 la=3 …` */
function debugWords(line: string): Map<string, string> {
  const words = new Map<string, string>()
  for (const word of line.split(' ').slice(2)) {
    const [name = '', value = ''] = word.split('=', 2)
    words.set(name, value)
  }
  return words
}

function isWireKey(key: unknown): key is WireKey {
  return typeof key === 'string' && !/[^\0-\xff]/.test(key)
}

function checkMetaFlags(flags: readonly string[]): void {
  if (!Array.isArray(flags)) illegalInput('meta flags are given as an array')
  if (flags.length > 20) illegalInput(`at most 20 meta flags, got ${flags.length}`)
  const letters = new Set<string>()
  for (const flag of flags) {
    if (typeof flag !== 'string' || !/^[A-Za-z][\x21-\x7e]*$/.test(flag))
      illegalInput('a meta flag is a letter and its token, without blanks')
    const letter = flag.charAt(0)
    if (letter === 'q' || letter === 'b') illegalInput(`the meta flag ${letter} cannot be given`)
    if (letter === 'O' && flag.length > 32) illegalInput('an opaque has at most 31 bytes')
    if (letters.has(letter)) illegalInput(`the meta flag ${letter} is given twice`)
    letters.add(letter)
  }
}

function checkKeyLength(key: WireKey): void {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) illegalInput('key must have 1 to 250 bytes')
}

function toBase64(key: WireKey): string {
  const text = wireKeyBytes(key).toString('base64')
  if (text.length > MAX_KEY_LENGTH) illegalInput('key is too long: in base64 at most 186 bytes')
  return text
}
