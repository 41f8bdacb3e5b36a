import type { WireKey } from './key.ts'
import { FIRST_OPAQUE_DIGIT, OPAQUE_DIGITS } from './opaque.ts'
import { ReplyKind } from './reply-kind.ts'
import { ReplyLine, startsWith } from './reply-line.ts'

const CR = 13
const LF = 10
const SPACE = 32
const ZERO = 48
const UPPER_A = 65
const UPPER_D = 68
const UPPER_E = 69
const UPPER_H = 72
const UPPER_L = 76
const UPPER_O = 79
const UPPER_U = 85
const UPPER_V = 86
const LOWER_F = 102

const VALUE = 'VALUE '

/** Of fewer bytes no line is tried. */
const SHORTEST = 8

/** Numbers of more digits are left to the reader of all lines, which knows their limits. */
const MAX_DIGITS = 10

/** Reads the lines that most replies have in one pass: to find a line's end first takes a seventh of a `getMany`. */
export abstract class CommonReply extends ReplyLine {
  /** What `readDigits` has read. */
  protected number = 0

  /**
   * Reads the line at `at` if it is whole and one of
   *
   * - `VA <size> f<flags> O<opaque>`, and whatever follows, which is looked up when asked for
   * - `HD O<opaque>`
   * - `VALUE <key> <flags> <size>`
   *
   * False for all others, of which nothing is taken.
   */
  protected readCommon(): boolean {
    const { chunk, at: start } = this
    return chunk.length - start >= SHORTEST && this.#endLine(this.#readLineAt(chunk, start))
  }

  /** Reads the line at `at` if it is whole and `VALUE <key> <flags> <size>` with this key; false for all others, as above. */
  protected readValueOf(key: WireKey): boolean {
    const { chunk, at: start } = this
    const keyStart = start + VALUE.length
    const { length } = key
    if (keyStart + length >= chunk.length || !isValueLine(chunk, start)) return false
    if (!startsWith(chunk, keyStart, key)) return false
    return this.#endLine(this.#readFlagsAndSize(chunk, keyStart + length))
  }

  /** Takes the line that began at `at`, if its break stands at `end`. */
  #endLine(end: number): boolean {
    const { chunk } = this
    if (end < 0 || end + 1 >= chunk.length) return false
    if (chunk[end] !== CR || chunk[end + 1] !== LF) return false
    // For most lines it is so already, and storing an object takes longer than looking.
    if (this.lineBytes !== chunk) this.lineBytes = chunk
    this.lineStart = this.at
    this.lineEnd = end
    this.at = end + 2
    return true
  }

  /** Answers where the line's break should be; -1 for another line. */
  #readLineAt(chunk: Buffer, start: number): number {
    if (chunk[start] === UPPER_V && chunk[start + 1] === UPPER_A) {
      if (chunk[start + 2] === SPACE) return this.#readVa(chunk, start + 3)
      return isValueLine(chunk, start) ? this.#readValue(chunk, start + VALUE.length) : -1
    }
    if (chunk[start] !== UPPER_H || chunk[start + 1] !== UPPER_D) return -1
    this.kind = ReplyKind.hd
    return this.#readOpaque(chunk, start + 2)
  }

  #readVa(chunk: Buffer, start: number): number {
    let at = this.#readNumber(chunk, start)
    if (at < 0 || chunk[at] !== SPACE || chunk[at + 1] !== LOWER_F) return -1
    this.size = this.number
    at = this.#readNumber(chunk, at + 2)
    if (at < 0) return -1
    this.flags = this.number
    this.kind = ReplyKind.va
    at = this.#readOpaque(chunk, at)
    return at < 0 ? at : endOfFlags(chunk, at)
  }

  #readValue(chunk: Buffer, start: number): number {
    let at = start
    while (at < chunk.length && (chunk[at] as number) > SPACE) at++
    return at === start ? -1 : this.#readFlagsAndSize(chunk, at)
  }

  /** Reads ` <flags> <size>`; answers where they end, -1 if something else stands there. */
  #readFlagsAndSize(chunk: Buffer, start: number): number {
    if (chunk[start] !== SPACE) return -1
    let at = this.#readNumber(chunk, start + 1)
    if (at < 0 || chunk[at] !== SPACE) return -1
    this.flags = this.number
    at = this.#readNumber(chunk, at + 1)
    this.size = this.number
    this.kind = ReplyKind.value
    this.opaque = -1
    return at
  }

  /** Reads ` O<opaque>`; answers where it ends, -1 if it is not one of ours. */
  #readOpaque(chunk: Buffer, start: number): number {
    if (chunk[start] !== SPACE || chunk[start + 1] !== UPPER_O) return -1
    const at = this.readOpaqueDigits(chunk, start + 2)
    return this.opaque < 0 ? -1 : at
  }

  /** Reads a number; answers where it ends, -1 if it has no or many digits. */
  #readNumber(chunk: Buffer, start: number): number {
    const at = this.readDigits(chunk, start)
    return at > start && at - start <= MAX_DIGITS ? at : -1
  }

  /** Reads digits as `number`; answers where they end. */
  protected readDigits(bytes: Buffer, start: number): number {
    let number = 0
    let at = start
    for (; at < bytes.length; at++) {
      const digit = (bytes[at] as number) - ZERO
      if (digit < 0 || digit > 9) break
      number = number * 10 + digit
    }
    this.number = number
    return at
  }

  /** Reads digits as `opaque`, -2 if they are not one of ours; answers where they end. */
  protected readOpaqueDigits(bytes: Buffer, start: number): number {
    let opaque = 0
    let at = start
    for (; at < bytes.length; at++) {
      const digit = (bytes[at] as number) - FIRST_OPAQUE_DIGIT
      if (digit < 0 || digit > 63) break
      opaque = (opaque << 6) | digit
    }
    this.opaque = at > start && at - start <= OPAQUE_DIGITS ? opaque : -2
    return at
  }
}

/** Whether `VALUE ` stands there. A loop over its text takes a twentieth of a `getMany`. */
function isValueLine(bytes: Buffer, start: number): boolean {
  return (
    bytes[start] === UPPER_V &&
    bytes[start + 1] === UPPER_A &&
    bytes[start + 2] === UPPER_L &&
    bytes[start + 3] === UPPER_U &&
    bytes[start + 4] === UPPER_E &&
    bytes[start + 5] === SPACE
  )
}

/** Where the flags end that begin at `start`; -1 if one of those comes again that are read already. */
function endOfFlags(chunk: Buffer, start: number): number {
  let at = start
  for (; at < chunk.length && (chunk[at] as number) >= SPACE; at++) {
    if (chunk[at] !== SPACE) continue
    const letter = chunk[at + 1]
    if (letter === LOWER_F || letter === UPPER_O) return -1
  }
  return at
}
