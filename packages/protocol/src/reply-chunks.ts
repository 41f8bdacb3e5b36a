import { isAscii } from 'node:buffer'

/** Longest line and largest value that are taken, in bytes. */
export interface ReplyLimits {
  /** Longest line taken, in bytes. @default 65536 */
  readonly maxLineLength?: number | undefined
  /** Largest value taken, in bytes. @default 1073741824, memcached's own limit */
  readonly maxValueLength?: number | undefined
}

const EMPTY = Buffer.alloc(0)

/** The bytes of a stream that are not read yet, of which the last reply may be unfinished. */
export abstract class ReplyChunks {
  /** Bytes that a line may have. */
  protected readonly maxLineLength: number
  /** Bytes that a value may have. */
  protected readonly maxValueLength: number
  /** What has arrived and is not parsed yet. */
  protected chunk: Buffer = EMPTY
  /** Where the next byte is in the chunk. */
  protected at = 0
  /** What an unfinished reply is gathered in, with room behind it; then the chunk is its first part. */
  #kept: Buffer = EMPTY
  /** Whether all of the chunk is known to be ASCII, and how many values have asked for that. */
  #isAscii = false
  #asciiAsks = 0

  constructor(limits: ReplyLimits) {
    this.maxLineLength = limits.maxLineLength ?? 64 * 1024
    this.maxValueLength = limits.maxValueLength ?? 1024 ** 3
  }

  /**
   * Whether all of the chunk is known to be ASCII. It is looked at for the second value that asks: for a single
   * one that takes longer than it saves.
   */
  protected get isChunkAscii(): boolean {
    if (!this.#isAscii && this.#asciiAsks++ === 1) this.#isAscii = isAscii(this.chunk)
    return this.#isAscii
  }

  /** Gives the next bytes of the stream. Only after `next()` has answered false. */
  push(chunk: Buffer): void {
    if (this.at === this.chunk.length) {
      this.chunk = chunk
      this.#kept = EMPTY
    } else this.#append(chunk)
    this.#isAscii = false
    this.#asciiAsks = 0
    this.at = 0
  }

  /** Puts the next bytes behind those kept. */
  #append(chunk: Buffer): void {
    const rest = this.chunk.subarray(this.at)
    const length = rest.length + chunk.length
    if (!this.#isUnfinished || length > this.#kept.length) {
      // What goes on from chunk to chunk gets room ahead, so that its bytes are copied a few times at most.
      const most = this.maxValueLength + this.maxLineLength
      const room = this.#isUnfinished ? Math.max(length, Math.min(length * 2, most)) : length
      this.#kept = Buffer.allocUnsafeSlow(room)
      rest.copy(this.#kept)
    }
    chunk.copy(this.#kept, rest.length)
    this.chunk = this.#kept.subarray(0, length)
  }

  /** No reply in the bytes kept has been finished since they were. */
  get #isUnfinished(): boolean {
    return this.at === 0 && this.chunk.buffer === this.#kept.buffer
  }

  /** Keeps what is unfinished until more arrives. */
  protected keepRest(): boolean {
    if (this.at === this.chunk.length || this.#isUnfinished) return false
    this.chunk = Buffer.from(this.chunk.subarray(this.at))
    this.#kept = EMPTY
    this.at = 0
    return false
  }
}
