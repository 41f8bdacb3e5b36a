import type { WireKey } from './key.ts'
import { FIRST_OPAQUE_DIGIT, OPAQUE_DIGITS } from './opaque.ts'
import { kindOfLine, ReplyKind } from './reply-kind.ts'

/** Options of a `ReplyParser`. */
export interface ReplyParserOptions {
  /** Name of the server, for errors about its replies. */
  readonly server?: string | undefined
  /** What no text of an error may hold, such as the password: servers may repeat it. @default [] */
  readonly secrets?: readonly string[] | undefined
  /** Longest line taken, in bytes. @default 65536 */
  readonly maxLineLength?: number | undefined
  /** Largest value taken, in bytes. @default 1073741824, memcached's own limit */
  readonly maxValueLength?: number | undefined
}

const EMPTY = Buffer.alloc(0)
/** Memory for a larger value grows as its bytes come: what a server announces costs nothing. */
const FIRST_PIECE = 1024 * 1024
/** Bytes in which a raw reply shows whether it is an error line. */
const ERROR_LINE = 2048
const CR = 13
const LF = 10
const SPACE = 32
const UPPER_A = 65

// Two-letter codes of meta replies, as (first << 8) | second.
const VA = 0x5641
const META_CODES: ReadonlyMap<number, ReplyKind> = new Map([
  [0x4844, ReplyKind.hd],
  [0x454e, ReplyKind.en],
  [0x4e46, ReplyKind.nf],
  [0x4e53, ReplyKind.ns],
  [0x4558, ReplyKind.ex],
  [0x4d4e, ReplyKind.mn],
])
const HD = 0x4844
const EN = 0x454e

/**
 * Reads replies of both dialects from a stream that may be cut anywhere.
 *
 * It is a cursor: after `push(chunk)`, each `next()` that answers true stands on one reply unit, a
 * line with its data where it has any, described by the fields until the following `next()`. Nothing
 * is allocated for a reply that lies whole in its chunk. The chunk must stay unchanged until `next()`
 * answers false; what is left of it is copied then.
 */
export class ReplyParser {
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
  readonly #maxLineLength: number
  readonly #maxValueLength: number

  #chunk: Buffer = EMPTY
  /** What an unfinished reply is gathered in, with room behind it; then `#chunk` is its first part. */
  #kept: Buffer = EMPTY
  #at = 0
  /** The line of the current reply, without its end. */
  #line: Buffer = EMPTY
  #lineStart = 0
  #lineEnd = 0
  #data: Buffer = EMPTY
  #dataStart = 0
  /** Bytes of a value that arrives in several chunks; -1 while there is none. */
  #collected = -1
  /** The data has a buffer of its own, which the chunk's owner will not reuse. */
  #ownsData = false
  /** How far the start of an unfinished raw reply was searched. */
  #searched = 0

  constructor(options: ReplyParserOptions = {}) {
    this.server = options.server
    this.#secrets = (options.secrets ?? [])
      .filter((secret) => secret !== '')
      .map((secret) => Buffer.from(secret).toString('latin1'))
    this.#maxLineLength = options.maxLineLength ?? 64 * 1024
    this.#maxValueLength = options.maxValueLength ?? 1024 ** 3
  }

  /** Gives the next bytes of the stream. Only after `next()` has answered false. */
  push(chunk: Buffer): void {
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk
      this.#kept = EMPTY
    } else this.#append(chunk)
    this.#at = 0
  }

  /** Puts the next bytes behind those kept. */
  #append(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#at)
    const length = rest.length + chunk.length
    if (!this.#isUnfinished || length > this.#kept.length) {
      // What goes on from chunk to chunk gets room ahead, so that its bytes are copied a few times at most.
      const most = this.#maxValueLength + this.#maxLineLength
      const room = this.#isUnfinished ? Math.max(length, Math.min(length * 2, most)) : length
      this.#kept = Buffer.allocUnsafeSlow(room)
      rest.copy(this.#kept)
    }
    chunk.copy(this.#kept, rest.length)
    this.#chunk = this.#kept.subarray(0, length)
  }

  /** No reply in the bytes kept has been finished since they were. */
  get #isUnfinished(): boolean {
    return this.#at === 0 && this.#chunk.buffer === this.#kept.buffer
  }

  /** True when the stream stands between two replies: no byte of a next one was seen. */
  get isBetweenReplies(): boolean {
    return this.#at === this.#chunk.length && this.#collected < 0
  }

  /** Moves to the next reply; false when more bytes are needed. */
  next(): boolean {
    if (this.#collected >= 0) return this.#collect()
    const chunk = this.#chunk
    const start = this.#at
    const end = chunk.length
    let at = start
    while (at < end && chunk[at] !== LF) at++
    if (at === end) {
      if (end - start > this.#maxLineLength) {
        this.#line = chunk
        this.#lineStart = start
        this.#lineEnd = end
        return this.#outOfStep('the line is too long')
      }
      return this.#keepRest()
    }
    this.#at = at + 1
    this.#line = chunk
    this.#lineStart = start
    this.#lineEnd = at > start && chunk[at - 1] === CR ? at - 1 : at
    this.opaque = -1
    return this.#readLine()
  }

  /**
   * As `next()`, for a command whose reply is all bytes before `endToken`: the kind is `raw` and the
   * bytes are the data. An error line in its place is recognised as such.
   */
  nextRaw(endToken: Uint8Array): boolean {
    const rest = this.#chunk.subarray(this.#at)
    if (this.#searched < ERROR_LINE && startsWithErrorWord(rest)) {
      this.#searched = 0
      return this.next()
    }
    const found = rest.indexOf(endToken, Math.max(0, this.#searched - endToken.length + 1))
    if (found < 0) {
      if (rest.length > this.#maxValueLength) return this.#outOfStep('the reply is too long')
      this.#searched = rest.length
      return this.#keepRest()
    }
    this.#searched = 0
    this.#at += found + endToken.length
    this.#data = Buffer.from(rest.subarray(0, found))
    this.#dataStart = 0
    this.#ownsData = true
    this.#lineStart = 0
    this.#lineEnd = 0
    this.size = found
    this.kind = ReplyKind.raw
    return true
  }

  /** The whole line as text of one character per byte. */
  get line(): string {
    return this.#line.toString('latin1', this.#lineStart, this.#lineEnd)
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
    const words = this.line.split(' ')
    for (let i = this.kind === ReplyKind.va ? 2 : 1; i < words.length; i++) {
      const word = words[i] as string
      if (word.startsWith(letter)) return word.slice(1)
    }
    return undefined
  }

  /** Whether a `VALUE` line carries this key. */
  hasKey(key: WireKey): boolean {
    const line = this.#line
    const start = this.#lineStart + 6
    const { length } = key
    if (line[start + length] !== SPACE) return false
    for (let i = 0; i < length; i++) {
      if (line[start + i] !== key.charCodeAt(i)) return false
    }
    return true
  }

  /** The data, to keep. */
  get data(): Buffer {
    const view = this.dataView
    return this.#ownsData ? view : Buffer.from(view)
  }

  /** The data, valid only until the parser moves on. */
  get dataView(): Buffer {
    return this.#data.subarray(this.#dataStart, this.#dataStart + this.size)
  }

  /** What the data lies in, from `dataStart` on, until the parser moves on. */
  get dataBuffer(): Buffer {
    return this.#data
  }

  /** Where the data begins in `dataBuffer`. */
  get dataStart(): number {
    return this.#dataStart
  }

  #readLine(): boolean {
    const line = this.#line
    const start = this.#lineStart
    const third = start + 2
    if (third === this.#lineEnd || line[third] === SPACE) {
      const code = ((line[start] as number) << 8) | (line[start + 1] as number)
      if (code === VA) return this.#readVa()
      const kind = code === HD ? ReplyKind.hd : code === EN ? ReplyKind.en : META_CODES.get(code)
      if (kind !== undefined) {
        this.kind = kind
        this.#readMetaFlags(third)
        return true
      }
    }
    if (line[start] === 86 && line[third] === 76) return this.#readValue('VALUE ', ReplyKind.value)
    if (line[start] === 67 && line[third] === 78)
      return this.#readValue('CONFIG ', ReplyKind.config)
    this.kind = kindOfLine(this.line)
    if (this.kind === ReplyKind.unknown) this.problem = 'the line fits no reply'
    return true
  }

  #readVa(): boolean {
    this.flags = 0
    const at = this.#readUint(this.#lineStart + 3)
    this.size = this.#number
    this.kind = ReplyKind.va
    if (at < 0) return this.#outOfStep('the size of the value is not a number')
    this.#readMetaFlags(at)
    return this.kind !== ReplyKind.va || this.#readData()
  }

  /** Takes client flags and opaque out of ` f<n> O<n> …`; others are looked up when asked for. */
  #readMetaFlags(from: number): void {
    const line = this.#line
    const end = this.#lineEnd
    let at = from
    while (at < end) {
      const letter = line[at + 1]
      if (letter === 79) {
        at = this.#readOpaque(at + 2)
        continue
      }
      if (letter === 102) {
        const after = this.#readUint(at + 2)
        this.flags = this.#number
        if (after < 0) this.#outOfStep('the flags of the value are not a number')
        else {
          at = after
          continue
        }
      }
      at++
      while (at < end && line[at] !== SPACE) at++
    }
  }

  /** Reads an opaque; answers where the token ends, whatever it is. */
  #readOpaque(from: number): number {
    const line = this.#line
    const end = this.#lineEnd
    let value = 0
    let at = from
    for (; at < end; at++) {
      const digit = (line[at] as number) - FIRST_OPAQUE_DIGIT
      if (digit < 0 || digit > 63) break
      value = (value << 6) | digit
    }
    const isOurs = at > from && at - from <= OPAQUE_DIGITS && (at === end || line[at] === SPACE)
    this.opaque = isOurs ? value : -2
    while (at < end && line[at] !== SPACE) at++
    return at
  }

  #readValue(word: string, kind: ReplyKind): boolean {
    const line = this.#line
    const end = this.#lineEnd
    let at = this.#lineStart
    for (let i = 0; i < word.length; i++) {
      if (line[at++] !== word.charCodeAt(i)) {
        this.kind = kindOfLine(this.line)
        if (this.kind === ReplyKind.unknown) this.problem = 'the line fits no reply'
        return true
      }
    }
    const keyStart = at
    while (at < end && line[at] !== SPACE) at++
    if (at === keyStart || at === end) return this.#outOfStep('a value line without its numbers')
    at = this.#readUint(at + 1)
    this.flags = this.#number
    if (at < 0 || at === end) return this.#outOfStep('the flags of the value are not a number')
    at = this.#readUint(at + 1)
    this.size = this.#number
    if (at < 0) return this.#outOfStep('the size of the value is not a number')
    if (at < end) {
      at = this.#readUint(at + 1)
      if (at !== end) return this.#outOfStep('a value line with something behind its numbers')
    }
    this.kind = kind
    return this.#readData()
  }

  #number = 0

  /** Reads digits up to a space or the line's end; answers where they end, -1 if there are none. */
  #readUint(from: number): number {
    const line = this.#line
    const end = this.#lineEnd
    let value = 0
    let at = from
    for (; at < end; at++) {
      const digit = (line[at] as number) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    this.#number = value
    if (at === from || at - from > 20 || (at < end && line[at] !== SPACE)) return -1
    return at
  }

  #readData(): boolean {
    const { size } = this
    if (size > this.#maxValueLength) {
      return this.#outOfStep(
        `a value of ${size} bytes, more than the limit ${this.#maxValueLength}`,
      )
    }
    const start = this.#at
    const end = start + size
    const chunk = this.#chunk
    if (end + 2 <= chunk.length) {
      if (chunk[end] !== CR || chunk[end + 1] !== LF) return this.#badEnd()
      this.#data = chunk
      this.#dataStart = start
      this.#ownsData = false
      this.#at = end + 2
      return true
    }
    // The line goes with its chunk, so it is kept beside the value.
    this.#line = Buffer.from(this.#line.subarray(this.#lineStart, this.#lineEnd))
    this.#lineEnd -= this.#lineStart
    this.#lineStart = 0
    this.#data = Buffer.allocUnsafeSlow(Math.min(size + 2, FIRST_PIECE))
    this.#dataStart = 0
    this.#ownsData = true
    this.#collected = 0
    return this.#collect()
  }

  #collect(): boolean {
    const whole = this.size + 2
    const needed = Math.min(whole, this.#collected + this.#chunk.length - this.#at)
    if (needed > this.#data.length) this.#growData(Math.max(needed, this.#data.length * 2), whole)
    const copied = this.#chunk.copy(this.#data, this.#collected, this.#at)
    this.#at += copied
    this.#collected += copied
    if (this.#collected < whole) return false
    this.#collected = -1
    if (this.#data[whole - 2] !== CR || this.#data[whole - 1] !== LF) return this.#badEnd()
    return true
  }

  #growData(length: number, whole: number): void {
    const data = Buffer.allocUnsafeSlow(Math.min(length, whole))
    this.#data.copy(data, 0, 0, this.#collected)
    this.#data = data
  }

  #badEnd(): boolean {
    return this.#outOfStep('the value does not end where its size says')
  }

  #outOfStep(problem: string): boolean {
    this.kind = ReplyKind.unknown
    this.problem = problem
    return true
  }

  /** Keeps what is unfinished until more arrives. */
  #keepRest(): boolean {
    if (this.#isUnfinished) return false
    this.#chunk = Buffer.from(this.#chunk.subarray(this.#at))
    this.#kept = EMPTY
    this.#at = 0
    return false
  }
}

function startsWithErrorWord(bytes: Buffer): boolean {
  const first = bytes[0]
  if (first === undefined || first < UPPER_A) return false
  return /^(?:CLIENT_|SERVER_)?ERROR(?:[ :][^\n]*)?\r?\n/.test(
    bytes.toString('latin1', 0, Math.min(bytes.length, ERROR_LINE)),
  )
}
