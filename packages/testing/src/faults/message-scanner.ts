/** What the first line of a message, or a later one, says about what follows. */
interface LineMeaning {
  /** Bytes of the data block that follows the line, without its line end. */
  readonly data: number | undefined
  /** The message ends with the line, or with its data block. */
  readonly isLast: boolean
}

/** Part of one message: a line, a data block, or as much of either as has arrived. */
export interface Piece {
  readonly bytes: Buffer
  readonly starts: boolean
  readonly ends: boolean
  /** Length of the data block that begins here; 0 where none does. */
  readonly data: number
  /** Bytes that the message has at least, as far as is known here. */
  readonly known: number
}

const LF = 0x0a
const CRLF_LENGTH = 2
/** Enough for a command, a key and a length; what follows does not matter. */
const MAX_LINE = 512

/**
 * Finds the bounds of messages in a stream of bytes, whatever chunks they come in. It trusts what the
 * lines say and holds nothing back.
 */
export class MessageScanner {
  readonly #meaningOf: (line: string) => LineMeaning
  /** The present line as far as it has come. */
  #line = ''
  #isInside = false
  /** Bytes of the data block that are still to come, its line end included. */
  #left = 0
  #dataBegins = false
  #endsBehindData = false

  /** @param direction - whose grammar the stream follows */
  constructor(direction: 'requests' | 'replies') {
    this.#meaningOf = direction === 'requests' ? meaningOfCommand : meaningOfReply
  }

  *push(chunk: Buffer): Generator<Piece, void> {
    for (let at = 0; at < chunk.length; ) {
      const piece = this.#left > 0 ? this.#data(chunk, at) : this.#lineOf(chunk, at)
      at += piece.bytes.length
      this.#isInside = !piece.ends
      yield piece
    }
  }

  #data(chunk: Buffer, at: number): Piece {
    const bytes = chunk.subarray(at, at + this.#left)
    const data = this.#dataBegins ? this.#left - CRLF_LENGTH : 0
    const known = this.#left
    this.#dataBegins = false
    this.#left -= bytes.length
    const ends = this.#left === 0 && this.#endsBehindData
    return { bytes, starts: false, ends, data, known }
  }

  #lineOf(chunk: Buffer, at: number): Piece {
    const lineEnd = chunk.indexOf(LF, at)
    const isWhole = lineEnd !== -1
    const bytes = chunk.subarray(at, isWhole ? lineEnd + 1 : chunk.length)
    const starts = !this.#isInside
    this.#line += bytes.toString('latin1', 0, Math.max(MAX_LINE - this.#line.length, 0))
    if (!isWhole) return { bytes, starts, ends: false, data: 0, known: bytes.length }

    const { data, isLast } = this.#meaningOf(this.#line)
    this.#line = ''
    this.#left = data === undefined ? 0 : data + CRLF_LENGTH
    this.#dataBegins = this.#left > 0
    this.#endsBehindData = isLast
    const ends = isLast && this.#left === 0
    return { bytes, starts, ends, data: 0, known: bytes.length + this.#left }
  }
}

const STORAGE = /^ *(?:(?:set|add|replace|append|prepend|cas) +\S+ +\S+ +\S+|ms +\S+) +(\d+)/
/** Lines of replies that go on: items, statistics, listings of keys. */
const ITEM = /^(?:VALUE \S+ \d+|CONFIG \S+ \d+) (\d+)/
const LISTING = /^(?:STAT|ITEM|PREFIX|mg) |^key=/
const META_VALUE = /^VA (\d+)/

function meaningOfCommand(line: string): LineMeaning {
  return { data: lengthIn(STORAGE.exec(line)), isLast: true }
}

function meaningOfReply(line: string): LineMeaning {
  const item = lengthIn(ITEM.exec(line))
  if (item !== undefined) return { data: item, isLast: false }
  return { data: lengthIn(META_VALUE.exec(line)), isLast: !LISTING.test(line) }
}

function lengthIn(match: RegExpExecArray | null): number | undefined {
  return match === null ? undefined : Number(match[1])
}
