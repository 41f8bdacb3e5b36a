import type { TextBuffer } from './bytes.ts'
import type { WireKey } from './key.ts'
import { ReplyChunks, type ReplyLimits } from './reply-chunks.ts'
import { ReplyKind } from './reply-kind.ts'

/** Options of a `ReplyParser`. */
export interface ReplyParserOptions extends ReplyLimits {
  /** Name of the server, for errors about its replies. */
  readonly server?: string | undefined
  /** What no text of an error may hold, such as the password: servers may repeat it. @default [] */
  readonly secrets?: readonly string[] | undefined
}

/** Up to this length, in bytes, a loop compares a key in less time than its text is made. */
const SHORT_KEY = 32

const SPACE = 32
const MINUS = 45

/** What the line of a reply says: its kind, numbers and words. */
export abstract class ReplyLine extends ReplyChunks {
  /** What the reply is. After `unknown` the stream is out of step and the parser must be dropped. */
  kind: ReplyKind = ReplyKind.unknown
  /** Client flags, of `value`, `config`, and meta replies with `f`. */
  flags = 0
  /** Length of the data, of `value`, `config` and `va`. */
  size = 0
  /** The opaque of a meta reply: -1 where there is none, -2 where it is not one of a `RequestWriter`. */
  opaque = -1
  /** Why the reply is `unknown`. */
  problem = ''

  /** Name of the server that the stream comes from. */
  readonly server: string | undefined

  /** As they stand in a line, of one character per byte. */
  readonly #secrets: readonly string[]
  /** What the line of the current reply lies in, without its end. */
  protected lineBytes: Buffer = this.chunk
  /** Where the line begins in the chunk. */
  protected lineStart = 0
  /** Where it ends, without its line break. */
  protected lineEnd = 0

  constructor(options: ReplyParserOptions = {}) {
    super(options)
    this.server = options.server
    this.#secrets = (options.secrets ?? [])
      .filter((secret) => secret !== '')
      .map((secret) => Buffer.from(secret).toString('latin1'))
  }

  /** The whole line as text of one character per byte. */
  get line(): string {
    return this.lineBytes.toString('latin1', this.lineStart, this.lineEnd)
  }

  /** What stands behind the line's first word, or its first word and colon. */
  get text(): string {
    const { line } = this
    const space = line.indexOf(' ')
    return space < 0 ? '' : line.slice(space + 1)
  }

  /** Text about replies, without the secrets. */
  withoutSecrets(text: string): string {
    return this.#secrets.reduce((shown, secret) => shown.replaceAll(secret, '[secret]'), text)
  }

  /** The line's word at an index, counted from 0. */
  word(index: number): string | undefined {
    return this.line.split(' ')[index]
  }

  /** The token of a meta reply's flag, without its letter; `undefined` if the flag is not there. */
  metaFlag(letter: string): string | undefined {
    const start = this.#tokenOf(letter)
    if (start < 0) return undefined
    const line = this.lineBytes
    const end = this.lineEnd
    // The text of a short number is made faster than that of bytes.
    let number = 0
    let stop = start
    for (; stop < end && line[stop] !== SPACE; stop++) {
      const digit = (line[stop] as number) - 48
      number = digit < 0 || digit > 9 ? Number.NaN : number * 10 + digit
    }
    const isShort = stop > start && stop - start < 10 && line[start] !== 48
    return isShort && !Number.isNaN(number) ? String(number) : line.toString('latin1', start, stop)
  }

  /** The token of the flag `t`: seconds, `Infinity` for -1; NaN if the flag is not there. */
  get ttl(): number {
    let at = this.#tokenOf('t')
    const line = this.lineBytes
    const end = this.lineEnd
    if (at < 0) return Number.NaN
    if (line[at] === MINUS) return Number.POSITIVE_INFINITY
    let seconds = 0
    for (; at < end && line[at] !== SPACE; at++) seconds = seconds * 10 + (line[at] as number) - 48
    return seconds
  }

  /** Where the token of a meta reply's flag begins; -1 if the flag is not there. */
  #tokenOf(letter: string): number {
    const line = this.lineBytes
    const code = letter.charCodeAt(0)
    const start = this.lineStart + 2
    // From the end, where those of a lease stand. The size of a value is no letter, so its word is passed.
    for (let at = this.lineEnd - 2; at >= start; at--) {
      if (line[at] === SPACE && line[at + 1] === code) return at + 2
    }
    return -1
  }

  /** Whether a meta reply ends in a flag without a token: `W`, `Z` or `X`, which nobody has asked for. */
  get endsInMark(): boolean {
    return this.lineBytes[this.lineEnd - 2] === SPACE
  }

  /** Whether a `VALUE` line carries this key. */
  hasKey(key: WireKey): boolean {
    const line = this.lineBytes
    const start = this.lineStart + 6
    const { length } = key
    return line[start + length] === SPACE && startsWith(line, start, key)
  }
}

/** Whether text of one byte per character stands at `start`. There must be as many bytes behind it. */
export function startsWith(bytes: Buffer, start: number, text: string): boolean {
  const { length } = text
  if (length > SHORT_KEY) return (bytes as TextBuffer).latin1Slice(start, start + length) === text
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== text.charCodeAt(i)) return false
  }
  return true
}
