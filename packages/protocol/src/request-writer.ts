import { plainBytes, type TextBuffer } from './bytes.ts'
import { borrowEncodeBuffer, ENCODE_BUFFER_SIZE, returnEncodeBuffers } from './encode-buffer.ts'
import type { WireKey } from './key.ts'
import { FIRST_OPAQUE_DIGIT, OPAQUE_DIGITS, OPAQUES } from './opaque.ts'
import { Peer } from './peer.ts'

const SLAB_SIZE = 64 * 1024

/** Data from this size on is handed over as it is; copying less costs less than a piece of its own. */
const COPY_LIMIT = 16 * 1024

/** Up to this length, in characters, a loop writes text in less time than a call of native code takes. */
const SHORT_TEXT = 20

/** In UTF-8, in bytes. */
const LONGEST_CHARACTER = 4

/** Whether data is text so long that it is encoded first and counted then, rather than gone through twice. */
export function isLongText(data: string | Uint8Array): data is string {
  return typeof data === 'string' && data.length >= COPY_LIMIT
}

/** Requests to be sent, in pieces in their order. */
export interface Output {
  readonly pieces: readonly Uint8Array[]
  /** To be called when all pieces are sent; not if they may be read later, as after an error. */
  readonly release: (() => void) | undefined
}

/**
 * Builds requests as bytes. Small parts are gathered in one buffer, large values are passed through
 * without a copy unless `copiesData` is set, and must not change until they are sent.
 */
export class RequestWriter {
  /** Whether large bytes are copied rather than passed through. */
  copiesData = false
  /** Where the requests go. */
  peer: Peer = new Peer(false)

  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_SIZE)
  #start = 0
  #end = 0
  #pieces: Uint8Array[] = []
  /** Buffers that pieces lie in; of the last, the part from `#encodedEnd` on is free. */
  #encodeBuffers: Buffer[] | undefined
  #encodedEnd = 0
  /** What `encode` gave last, which nobody else changes. */
  #encoded: Uint8Array | undefined
  #finished = 0
  #opaque = 0

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#finished + this.#end - this.#start
  }

  /** The requests so far. */
  take(): Output {
    this.#finishPiece()
    const pieces = this.#pieces
    const buffers = this.#encodeBuffers
    this.#pieces = []
    this.#finished = 0
    this.#encodeBuffers = undefined
    this.#encoded = undefined
    return { pieces, release: buffers && (() => returnEncodeBuffers(buffers)) }
  }

  /** Drops what was written since `length` was as given, such as a request that could not be finished. */
  truncate(length: number): void {
    this.#finishPiece()
    while (this.#finished > length) {
      const piece = this.#pieces.pop() as Uint8Array
      this.#finished -= piece.length
      const kept = length - this.#finished
      if (kept > 0) this.#pieces.push(piece.subarray(0, kept))
      this.#finished += Math.max(0, kept)
    }
  }

  /** Text of one byte per character: command words, numbers, wire keys. */
  ascii(text: string | WireKey): this {
    this.#reserve(text.length)
    this.#end = writeAscii(this.#slab, text, this.#end)
    return this
  }

  /** Each key behind a space, of at most `byteLength` bytes together. */
  keys(wires: readonly WireKey[], byteLength: number): this {
    this.#reserve(byteLength)
    const slab = this.#slab
    let at = this.#end
    for (let index = 0; index < wires.length; index++) {
      const wire = wires[index] as WireKey
      slab[at++] = 32
      at = writeAscii(slab, wire, at)
    }
    this.#end = at
    return this
  }

  /** A whole number from 0 to 2^53 - 1 in decimal. */
  uint(value: number): this {
    if (value > 0xffff) return this.ascii(value.toString())
    // Short numbers, such as sizes, are written faster than their text is made.
    this.#reserve(5)
    const slab = this.#slab
    let at = this.#end
    if (value >= 10_000) slab[at++] = 48 + ((value / 10_000) | 0)
    if (value >= 1000) slab[at++] = 48 + (((value / 1000) | 0) % 10)
    if (value >= 100) slab[at++] = 48 + (((value / 100) | 0) % 10)
    if (value >= 10) slab[at++] = 48 + (((value / 10) | 0) % 10)
    slab[at++] = 48 + (value % 10)
    this.#end = at
    return this
  }

  /** Ends a line. */
  crlf(): this {
    this.#reserve(2)
    this.#slab[this.#end++] = 13
    this.#slab[this.#end++] = 10
    return this
  }

  /** Bytes as they are; a string as UTF-8. */
  data(data: string | Uint8Array, byteLength: number): this {
    if (byteLength < COPY_LIMIT) {
      this.#reserve(byteLength)
      if (typeof data !== 'string') this.#slab.set(data, this.#end)
      else this.#writeText(data, byteLength)
      this.#end += byteLength
      return this
    }
    this.#finishPiece()
    this.#pieces.push(typeof data === 'string' ? this.encode(data) : this.#passed(data))
    this.#finished += byteLength
    return this
  }

  /** Text of as many bytes as characters is ASCII, which is copied several times faster as latin1. */
  #writeText(text: string, byteLength: number): void {
    const slab = this.#slab as TextBuffer
    if (byteLength === text.length) slab.latin1Write(text, this.#end, byteLength)
    else slab.utf8Write(text, this.#end, byteLength)
  }

  #passed(data: Uint8Array): Uint8Array {
    if (data === this.#encoded) return data
    const bytes = plainBytes(data)
    return this.copiesData ? Buffer.from(bytes) : bytes
  }

  /** Text as UTF-8, to be given to `data` behind its length. */
  encode(text: string): Uint8Array {
    this.#encoded = this.#encodedInBuffer(text) ?? Buffer.from(text)
    return this.#encoded
  }

  /** Tries without counting first how many bytes the characters take, which would take twice as long; `undefined` if it does not fit. */
  #encodedInBuffer(text: string): Uint8Array | undefined {
    if (text.length > ENCODE_BUFFER_SIZE) return undefined
    const most = text.length * 3
    const room = Math.min(most, ENCODE_BUFFER_SIZE)
    const buffer = this.#encodeBufferFor(room) as TextBuffer
    const start = this.#encodedEnd
    const length = buffer.utf8Write(text, start, room)
    if (room < most && room - length < LONGEST_CHARACTER) return undefined
    this.#encodedEnd += length
    return buffer.subarray(start, this.#encodedEnd)
  }

  /** A buffer with room from `#encodedEnd` on. */
  #encodeBufferFor(room: number): Buffer {
    this.#encodeBuffers ??= []
    const last = this.#encodeBuffers.at(-1)
    if (last !== undefined && this.#encodedEnd + room <= last.length) return last
    const fresh = borrowEncodeBuffer()
    this.#encodeBuffers.push(fresh)
    this.#encodedEnd = 0
    return fresh
  }

  /** Moves on to the opaque of the next meta request: from 1 up to `OPAQUES - 1`, then again from 0. */
  nextOpaque(): number {
    this.#opaque = (this.#opaque + 1) & (OPAQUES - 1)
    return this.#opaque
  }

  /** The flag of the opaque that `nextOpaque` gave last. */
  opaque(): this {
    this.#reserve(OPAQUE_DIGITS + 2)
    const slab = this.#slab
    const value = this.#opaque
    let at = this.#end
    slab[at++] = 32
    slab[at++] = 79
    if (value >= 0x40000) slab[at++] = FIRST_OPAQUE_DIGIT + (value >> 18)
    if (value >= 0x1000) slab[at++] = FIRST_OPAQUE_DIGIT + ((value >> 12) & 63)
    if (value >= 0x40) slab[at++] = FIRST_OPAQUE_DIGIT + ((value >> 6) & 63)
    slab[at++] = FIRST_OPAQUE_DIGIT + (value & 63)
    this.#end = at
    return this
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#slab.length) return
    this.#finishPiece()
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_SIZE, size))
    this.#start = 0
    this.#end = 0
  }

  #finishPiece(): void {
    if (this.#end === this.#start) return
    this.#pieces.push(this.#slab.subarray(this.#start, this.#end))
    this.#finished += this.#end - this.#start
    this.#start = this.#end
  }
}

/** Writes text of one byte per character; answers where it ends. */
function writeAscii(into: Buffer, text: string, start: number): number {
  const { length } = text
  if (length > SHORT_TEXT) return start + (into as TextBuffer).latin1Write(text, start, length)
  for (let i = 0; i < length; i++) into[start + i] = text.charCodeAt(i)
  return start + length
}
