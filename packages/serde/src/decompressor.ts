import type { ItemKey } from '@mc/protocol'
import { ByteBudget } from './byte-budget.ts'
import { type Codec, isTooLong } from './codec.ts'
import { unreadable } from './unreadable.ts'

/** A compressed value and whose it is. */
export interface CompressedValue {
  readonly codec: Codec
  readonly data: Buffer
  readonly flags: number
  readonly key: ItemKey
  /** The same object for all values of one call. */
  readonly call: object | undefined
}

/** In bytes. */
export interface DecompressorLimits {
  readonly maxLength: number
  readonly maxTotalLength: number
  readonly asyncLength: number
}

/** The least that `maxTry` falls to, in bytes of output, which take a few milliseconds. */
const MIN_TRY = 1024 * 1024

/**
 * Decompresses values within limits: of each value, of the values of one call together, and of the values
 * that are at work together. How long a value becomes is known only by trying, so each reserves the most
 * that it may become; what does not fit waits.
 *
 * A call that fills its share makes only its own values wait: those of others go between them.
 */
export class Decompressor {
  readonly #maxLength: number
  readonly #maxTotalLength: number
  readonly #asyncLength: number
  readonly #atWork: ByteBudget
  readonly #calls = new WeakMap<object, Share>()
  /** Compressed bytes of the values that wait or are at work. */
  #pendingLength = 0

  constructor({ maxLength, maxTotalLength, asyncLength }: DecompressorLimits) {
    this.#maxLength = maxLength
    this.#maxTotalLength = maxTotalLength
    this.#asyncLength = asyncLength
    this.#atWork = new ByteBudget(maxTotalLength)
  }

  /** @throws MemcacheSerdeError */
  decompress(value: CompressedValue): Buffer | Promise<Buffer> {
    const { codec, data, call } = value
    const share = call === undefined ? undefined : this.#shareOf(call)
    if (data.length < this.#asyncLength) {
      const limit = Math.min(
        this.#asyncLength,
        this.#maxLength,
        share?.longest ?? Number.POSITIVE_INFINITY,
      )
      try {
        if (limit > 0) {
          const result = codec.decompressSync(data, limit)
          share?.budget.spend(result.length)
          return result
        }
      } catch (error) {
        if (!isTooLong(error) || limit === this.#maxLength) throw this.#refusal(error, value)
      }
    }
    return this.#decompressLater(value, share)
  }

  async #decompressLater(value: CompressedValue, share: Share | undefined): Promise<Buffer> {
    const { length } = value.data
    if (this.#pendingLength > 0 && this.#pendingLength + length > this.#maxTotalLength) {
      throw this.#beyondTotal('finds too many compressed values waiting', value)
    }
    this.#pendingLength += length
    const wanted = Math.min(this.#maxLength, value.codec.longestResult(length))
    try {
      if (share === undefined) return await this.#work(value, wanted)
      return await share.budget.use(
        wanted,
        (granted) => this.#workInShare(value, wanted, granted, share),
        (result) => result.length,
      )
    } finally {
      this.#pendingLength -= length
    }
  }

  async #workInShare(
    value: CompressedValue,
    wanted: number,
    granted: number,
    share: Share,
  ): Promise<Buffer> {
    const limit = Math.min(granted, share.maxTry)
    try {
      if (limit > 0) return await this.#work(value, limit)
    } catch (error) {
      if (limit === wanted || !isTooLong((error as Error).cause)) throw error
      // Many long values would otherwise each be decompressed up to the limit and dropped.
      share.maxTry = Math.max(limit >>> 1, MIN_TRY)
    }
    throw this.#beyondTotal('does not fit beside the other decompressed values of its call', value)
  }

  async #work(value: CompressedValue, limit: number): Promise<Buffer> {
    try {
      return await this.#atWork.use(limit, () => value.codec.decompress(value.data, limit))
    } catch (error) {
      throw this.#refusal(error, value)
    }
  }

  #shareOf(call: object): Share {
    const found = this.#calls.get(call)
    if (found !== undefined) return found
    const share = new Share(this.#maxTotalLength)
    this.#calls.set(call, share)
    return share
  }

  #refusal(error: unknown, { flags, key }: CompressedValue): Error {
    const why = isTooLong(error)
      ? `is longer than maxDecompressedLength, ${this.#maxLength} bytes`
      : 'is corrupt: it cannot be decompressed'
    return unreadable(why, flags, key, error)
  }

  #beyondTotal(why: string, { flags, key }: CompressedValue): Error {
    const limit = `maxTotalDecompressedLength is ${this.#maxTotalLength} bytes`
    return unreadable(`${why}: ${limit}`, flags, key)
  }
}

/** What the values of a call may have together. */
class Share {
  readonly budget: ByteBudget
  /** How far the next value is decompressed at most. */
  maxTry: number = Number.POSITIVE_INFINITY

  constructor(bytes: number) {
    this.budget = new ByteBudget(bytes)
  }

  get longest(): number {
    return Math.min(this.budget.free, this.maxTry)
  }
}
