import { CommonReply } from './common-reply.ts'
import type { WireKey } from './key.ts'
import { kindOfLine, ReplyKind } from './reply-kind.ts'
import { startsWith } from './reply-line.ts'

export type { ReplyParserOptions } from './reply-line.ts'

const EMPTY = Buffer.alloc(0)
/** Memory for a larger value grows as its bytes come: the announced size takes no memory. */
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

/**
 * Reads replies of both dialects from a stream that may be cut anywhere.
 *
 * It is a cursor: after `push(chunk)`, each `next()` that answers true stands on one reply unit, a
 * line with its data where it has any, described by the fields until the following `next()`. Nothing
 * is allocated for a reply that lies whole in its chunk. The chunk must stay unchanged until `next()`
 * answers false; what is left of it is copied then.
 */
export class ReplyParser extends CommonReply {
  #data: Buffer = EMPTY
  #dataStart = 0
  /** Bytes of a value that arrives in several chunks; -1 while there is none. */
  #collected = -1
  /** The data has a buffer of its own, which the chunk's owner will not reuse. */
  #ownsData = false
  /** A buffer for values in several chunks, which nobody keeps: fresh memory takes a seventh of a `get` of 1 MB. */
  #spare: Buffer = EMPTY
  /** How far the start of an unfinished raw reply was searched. */
  #searched = 0

  /** True when the stream stands between two replies: no byte of a next one was seen. */
  get isBetweenReplies(): boolean {
    return this.at === this.chunk.length && this.#collected < 0
  }

  /** Moves to the next reply; false when more bytes are needed. */
  next(): boolean {
    if (this.#collected >= 0) return this.#collect()
    if (this.readCommon()) return this.kind === ReplyKind.hd || this.#readData()
    const chunk = this.chunk
    const start = this.at
    const end = chunk.length
    let at = start
    while (at < end && chunk[at] !== LF) at++
    if (at === end) {
      if (end - start > this.maxLineLength) {
        this.lineBytes = chunk
        this.lineStart = start
        this.lineEnd = end
        return this.#outOfStep('the line is too long')
      }
      return this.keepRest()
    }
    this.at = at + 1
    this.lineBytes = chunk
    this.lineStart = start
    this.lineEnd = at > start && chunk[at - 1] === CR ? at - 1 : at
    this.opaque = -1
    return this.#readLine()
  }

  /** As `next()` if the next reply is the value of this key, and whole; otherwise false, and nothing is read. */
  nextValueOf(key: WireKey): boolean {
    if (this.#collected >= 0 || !this.readValueOf(key)) return false
    if (this.size <= this.maxValueLength && this.#takeWhole(this.at + this.size)) return true
    this.at = this.lineStart
    return false
  }

  /**
   * As `next()`, for a command whose reply is all bytes before `endToken`: the kind is `raw` and the
   * bytes are the data. An error line in its place is recognised as such.
   */
  nextRaw(endToken: Uint8Array): boolean {
    const rest = this.chunk.subarray(this.at)
    if (this.#searched < ERROR_LINE && startsWithErrorWord(rest)) {
      this.#searched = 0
      return this.next()
    }
    const found = rest.indexOf(endToken, Math.max(0, this.#searched - endToken.length + 1))
    if (found < 0) {
      if (rest.length > this.maxValueLength) return this.#outOfStep('the reply is too long')
      this.#searched = rest.length
      return this.keepRest()
    }
    this.#searched = 0
    this.at += found + endToken.length
    this.#data = Buffer.from(rest.subarray(0, found))
    this.#dataStart = 0
    this.#ownsData = true
    this.lineStart = 0
    this.lineEnd = 0
    this.size = found
    this.kind = ReplyKind.raw
    return true
  }

  /** The data, to keep. */
  get data(): Buffer {
    const view = this.dataView
    // Whoever keeps a small value should not keep the memory of a large one.
    if (!this.#ownsData || this.#data.length > this.size + 2) return Buffer.from(view)
    if (this.#data === this.#spare) this.#spare = EMPTY
    return view
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

  /** Whether the data is known to be ASCII. */
  get isAscii(): boolean {
    return !this.#ownsData && this.isChunkAscii
  }

  #readLine(): boolean {
    const line = this.lineBytes
    const start = this.lineStart
    const third = start + 2
    if (third === this.lineEnd || line[third] === SPACE) {
      const code = ((line[start] as number) << 8) | (line[start + 1] as number)
      if (code === VA) return this.#readVa()
      const kind = META_CODES.get(code)
      if (kind !== undefined) {
        this.kind = kind
        this.#readMetaFlags(third)
        return true
      }
    }
    if (line[start] === 86 && line[third] === 76) return this.#readValue('VALUE ', ReplyKind.value)
    if (line[start] === 67 && line[third] === 78)
      return this.#readValue('CONFIG ', ReplyKind.config)
    return this.#readWord()
  }

  /** Reads a line that is known by its first word. */
  #readWord(): boolean {
    this.kind = kindOfLine(this.line)
    if (this.kind === ReplyKind.unknown) this.problem = 'the line fits no reply'
    return true
  }

  #readVa(): boolean {
    this.flags = 0
    const at = this.#readUint(this.lineStart + 3)
    this.size = this.number
    this.kind = ReplyKind.va
    if (at < 0) return this.#outOfStep('the size of the value is not a number')
    this.#readMetaFlags(at)
    return this.kind !== ReplyKind.va || this.#readData()
  }

  /** Takes client flags and opaque out of ` f<n> O<n> …`; others are looked up when asked for. */
  #readMetaFlags(from: number): void {
    const line = this.lineBytes
    const end = this.lineEnd
    let at = from
    while (at < end) {
      const letter = line[at + 1]
      if (letter === 79) {
        at = this.#readOpaque(at + 2)
        continue
      }
      if (letter === 102) {
        const after = this.#readUint(at + 2)
        this.flags = this.number
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
    const line = this.lineBytes
    const end = this.lineEnd
    let at = this.readOpaqueDigits(line, from)
    if (at < end && line[at] !== SPACE) this.opaque = -2
    while (at < end && line[at] !== SPACE) at++
    return at
  }

  #readValue(word: string, kind: ReplyKind): boolean {
    const line = this.lineBytes
    const end = this.lineEnd
    if (!startsWith(line, this.lineStart, word)) return this.#readWord()
    const keyStart = this.lineStart + word.length
    let at = keyStart
    while (at < end && line[at] !== SPACE) at++
    if (at === keyStart || at === end) return this.#outOfStep('a value line without its numbers')
    at = this.#readUint(at + 1)
    this.flags = this.number
    if (at < 0 || at === end) return this.#outOfStep('the flags of the value are not a number')
    at = this.#readUint(at + 1)
    this.size = this.number
    if (at < 0) return this.#outOfStep('the size of the value is not a number')
    if (at < end) {
      at = this.#readUint(at + 1)
      if (at !== end) return this.#outOfStep('a value line with something behind its numbers')
    }
    this.kind = kind
    return this.#readData()
  }

  /** Reads digits up to a space or the line's end; answers where they end, -1 if there are none. */
  #readUint(from: number): number {
    const at = this.readDigits(this.lineBytes, from)
    const isToken = at === this.lineEnd || this.lineBytes[at] === SPACE
    return isToken && at > from && at - from <= 20 ? at : -1
  }

  #readData(): boolean {
    const { size } = this
    if (size > this.maxValueLength) {
      return this.#outOfStep(`a value of ${size} bytes, more than the limit ${this.maxValueLength}`)
    }
    const end = this.at + size
    if (end + 2 <= this.chunk.length) return this.#takeWhole(end) || this.#badEnd()
    // The line goes with its chunk, so it is kept beside the value.
    this.lineBytes = Buffer.from(this.lineBytes.subarray(this.lineStart, this.lineEnd))
    this.lineEnd -= this.lineStart
    this.lineStart = 0
    const first = Math.min(size + 2, FIRST_PIECE)
    if (this.#spare.length < first) this.#spare = Buffer.allocUnsafeSlow(first)
    this.#data = this.#spare
    this.#dataStart = 0
    this.#ownsData = true
    this.#collected = 0
    return this.#collect()
  }

  /** Takes the data up to `end`, if it is in the chunk with its line break. */
  #takeWhole(end: number): boolean {
    const { chunk } = this
    if (end + 2 > chunk.length || chunk[end] !== CR || chunk[end + 1] !== LF) return false
    if (this.#data !== chunk) this.#data = chunk
    this.#dataStart = this.at
    this.#ownsData = false
    this.at = end + 2
    return true
  }

  #collect(): boolean {
    const whole = this.size + 2
    const needed = Math.min(whole, this.#collected + this.chunk.length - this.at)
    if (needed > this.#data.length) this.#growData(Math.max(needed, this.#data.length * 2), whole)
    const left = whole - this.#collected
    const copied = this.chunk.copy(this.#data, this.#collected, this.at, this.at + left)
    this.at += copied
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
}

function startsWithErrorWord(bytes: Buffer): boolean {
  const first = bytes[0]
  if (first === undefined || first < UPPER_A) return false
  return /^(?:CLIENT_|SERVER_)?ERROR(?:[ :][^\n]*)?\r?\n/.test(
    bytes.toString('latin1', 0, Math.min(bytes.length, ERROR_LINE)),
  )
}
