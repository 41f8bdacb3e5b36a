import { MalformedPickle } from './malformed-pickle.ts'

const NEWLINE = 0x0a

/** The bytes of one pickle, read from front to back. Numbers are little-endian but for floats. */
export class PickleInput {
  readonly #buffer: Buffer
  readonly #end: number
  #at: number
  /** In bytes. */
  readonly length: number

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer
    this.#at = start
    this.#end = end
    this.length = end - start
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end
  }

  uint8(): number {
    return this.#buffer.readUInt8(this.#skip(1))
  }

  uint16(): number {
    return this.#buffer.readUInt16LE(this.#skip(2))
  }

  int32(): number {
    return this.#buffer.readInt32LE(this.#skip(4))
  }

  uint32(): number {
    return this.#buffer.readUInt32LE(this.#skip(4))
  }

  /** Exact up to 2^53, and longer than any pickle beyond. */
  uint64(): number {
    const at = this.#skip(8)
    return this.#buffer.readUInt32LE(at) + this.#buffer.readUInt32LE(at + 4) * 2 ** 32
  }

  float64(): number {
    return this.#buffer.readDoubleBE(this.#skip(8))
  }

  /** A view of the next bytes. */
  bytes(length: number): Buffer {
    const at = this.#skip(length)
    return this.#buffer.subarray(at, at + length)
  }

  /** The bytes up to a line feed, each as one character. */
  line(): string {
    const start = this.#at
    const newline = this.#buffer.subarray(start, this.#end).indexOf(NEWLINE)
    if (newline < 0) throw truncated()
    this.#at += newline + 1
    return this.#buffer.toString('latin1', start, start + newline)
  }

  #skip(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw truncated()
    this.#at = at + length
    return at
  }
}

function truncated(): MalformedPickle {
  return new MalformedPickle('is a pickle that is cut off')
}
