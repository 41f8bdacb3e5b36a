import { constants } from 'node:buffer'
import {
  type ItemKey,
  MemcacheIllegalInputError,
  type Serde,
  type SerializedValue,
} from '@mc/protocol'
import {
  checkNumber,
  checkOneOf,
  checkOptionNames,
  isPromise,
  optionNames,
} from '@mc/protocol/toolkit'
import { CODECS, type Codec, type CompressionAlgorithm } from './codec.ts'
import { Decompressor } from './decompressor.ts'
import { COMPRESSION_FLAGS, Flag } from './flags.ts'
import { checkedSerialized } from './serialized.ts'
import { unreadable, unreadableFlags } from './unreadable.ts'

/** Options of `compressedSerde`. */
export interface CompressedSerdeOptions {
  /**
   * How values are written; every algorithm that the running Node has is read. pymemcache reads
   * `zlib` only. `zstd` needs Node 22.15.
   *
   * @default 'zlib'
   */
  readonly algorithm?: CompressionAlgorithm | undefined
  /** Values longer than this many bytes are compressed; 0: none, as in pymemcache. @default 400 */
  readonly minLength?: number | undefined
  /**
   * From 1 (`brotli`: 0), fastest, to 9 (`brotli`: 11, `zstd`: 22), smallest.
   *
   * @default 6; `brotli`: 4, `zstd`: 3
   */
  readonly level?: number | undefined
  /** A value that would become longer than this many bytes is an error. @default 67108864, 64 MiB */
  readonly maxDecompressedLength?: number | undefined
  /**
   * Bytes that decompressed values may have together, at least `maxDecompressedLength`. Of the values of a
   * `getMany` from one server those that do not fit are errors, each of its key. Of values of different
   * calls those that do not fit wait until others are decompressed; as many compressed bytes may wait,
   * and further values are errors.
   *
   * @default 268435456, 256 MiB, or `maxDecompressedLength` where that is more
   */
  readonly maxTotalDecompressedLength?: number | undefined
  /**
   * Values longer than this many bytes are compressed and decompressed off the event loop. 0: all of
   * them; `Infinity`: none.
   *
   * @default 16384, 16 KiB
   */
  readonly asyncLength?: number | undefined
}

/** Flags of the contents stand this many bits higher, unless the algorithm is zlib. */
const CONTENT_SHIFT = 16

/**
 * Compresses what another serde writes, where that makes it no longer. With `zlib` and `nativeSerde`
 * the items are those of pymemcache's CompressedSerde: the same flag, and the same rule which of the
 * two forms is kept.
 *
 * Reads reject with `MemcacheSerdeError` when the compressed data is corrupt, truncated, followed by
 * something else, or beyond `maxDecompressedLength` or `maxTotalDecompressedLength` when decompressed;
 * these limits are noticed before the memory is spent.
 *
 * @throws TypeError for an algorithm that does not exist or that the running Node does not have
 * @throws RangeError for a number outside the limits of its option
 */
export function compressedSerde<V>(
  inner: Serde<V>,
  options: CompressedSerdeOptions = {},
): Serde<V> {
  return new CompressedSerde(inner, options)
}

const COMPRESSED_SERDE_OPTIONS = optionNames<CompressedSerdeOptions>({
  algorithm: true,
  minLength: true,
  level: true,
  maxDecompressedLength: true,
  maxTotalDecompressedLength: true,
  asyncLength: true,
})

class CompressedSerde<V> implements Serde<V> {
  readonly ignoresContext: boolean
  readonly #inner: Serde<V>
  readonly #codec: Codec
  readonly #minLength: number
  readonly #level: number | undefined
  readonly #maxLength: number
  readonly #asyncLength: number
  readonly #decompressor: Decompressor

  constructor(inner: Serde<V>, options: CompressedSerdeOptions) {
    checkOptionNames(options, COMPRESSED_SERDE_OPTIONS)
    const { algorithm = 'zlib', level } = options
    const { minLength = 400, maxDecompressedLength = 64 * 1024 ** 2 } = options
    checkLength('maxDecompressedLength', maxDecompressedLength, 1, constants.MAX_LENGTH)
    const {
      maxTotalDecompressedLength = Math.max(256 * 1024 ** 2, maxDecompressedLength),
      asyncLength = 16 * 1024,
    } = options
    this.#codec = availableCodec(algorithm)
    if (level !== undefined) {
      const { minLevel: min, maxLevel: max } = this.#codec
      checkNumber('level', level, { integer: true, min, max })
    }
    checkThreshold('minLength', minLength)
    checkThreshold('asyncLength', asyncLength)
    // Each value fits once the others are done.
    checkLength('maxTotalDecompressedLength', maxTotalDecompressedLength, maxDecompressedLength)
    this.ignoresContext = inner.ignoresContext ?? false
    this.#inner = inner
    this.#minLength = minLength === 0 ? Number.POSITIVE_INFINITY : minLength
    this.#level = level
    this.#maxLength = maxDecompressedLength
    this.#asyncLength = asyncLength
    this.#decompressor = new Decompressor({
      maxLength: maxDecompressedLength,
      maxTotalLength: maxTotalDecompressedLength,
      asyncLength,
    })
  }

  serialize(value: V, key: ItemKey): SerializedValue | Promise<SerializedValue> {
    const serialized = this.#inner.serialize(value, key)
    return isPromise(serialized)
      ? Promise.resolve(serialized).then((awaited) => this.#compress(awaited))
      : this.#compress(serialized)
  }

  deserialize(data: Buffer, flags: number, key: ItemKey, call?: object): V | Promise<V> {
    if ((flags & COMPRESSION_FLAGS) === 0) return this.#inner.deserialize(data, flags, key, call)
    const codec = codecOf(flags)
    if (codec === undefined) throw unreadableFlags(flags, key)
    if (!codec.isAvailable()) {
      throw unreadable('is compressed with zstd, which needs Node 22.15', flags, key)
    }
    const contentFlags =
      codec.flag === Flag.zlib ? (flags & ~Flag.zlib) >>> 0 : flags >>> CONTENT_SHIFT
    const content = this.#decompressor.decompress({ codec, data, flags, key, call })
    return isPromise(content)
      ? content.then((awaited) => this.#inner.deserialize(awaited, contentFlags, key, call))
      : this.#inner.deserialize(content, contentFlags, key, call)
  }

  /** What is compressed may go to the thread pool, which reads it later. */
  keepsData(flags: number): boolean {
    return (flags & COMPRESSION_FLAGS) !== 0 || (this.#inner.keepsData?.(flags) ?? true)
  }

  /** Of what is not compressed. */
  deserializeSlice(
    buffer: Buffer,
    start: number,
    end: number,
    flags: number,
    key: ItemKey,
    call?: object,
    isAscii?: boolean,
  ): V | Promise<V> {
    const inner = this.#inner
    if (inner.deserializeSlice === undefined) {
      return inner.deserialize(buffer.subarray(start, end), flags, key, call)
    }
    return inner.deserializeSlice(buffer, start, end, flags, key, call, isAscii)
  }

  #compress(serialized: SerializedValue): SerializedValue | Promise<SerializedValue> {
    const { data, flags } = checkedSerialized(serialized)
    const { flag } = this.#codec
    const reserved = flag === Flag.zlib ? COMPRESSION_FLAGS : COMPRESSION_FLAGS | 0xffff0000
    if ((flags & reserved) !== 0) {
      throw new MemcacheIllegalInputError(
        `flags ${flags} of the inner serde use bits in which compressedSerde keeps the compression`,
      )
    }
    const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length
    if (length <= this.#minLength) return { data, flags }
    if (length > this.#maxLength) {
      throw new MemcacheIllegalInputError(
        `value of ${length} bytes is longer than maxDecompressedLength, ${this.#maxLength}`,
      )
    }
    const compressedFlags =
      (flag === Flag.zlib ? flags | flag : flag | (flags << CONTENT_SHIFT)) >>> 0
    const isAsync = length > this.#asyncLength
    // A copy for the thread pool, since the caller may change the bytes while it reads them.
    const bytes = typeof data === 'string' || isAsync ? Buffer.from(data) : data
    const choose = (compressed: Buffer): SerializedValue =>
      compressed.length > length
        ? { data: bytes, flags }
        : { data: compressed, flags: compressedFlags }

    return isAsync
      ? this.#codec.compress(bytes, this.#level).then(choose)
      : choose(this.#codec.compressSync(bytes, this.#level))
  }
}

function availableCodec(algorithm: CompressionAlgorithm): Codec {
  checkOneOf('algorithm', algorithm, Object.keys(CODECS) as CompressionAlgorithm[])
  const codec = CODECS[algorithm]
  if (!codec.isAvailable()) throw new TypeError(`algorithm ${algorithm} needs Node 22.15`)
  return codec
}

/** The algorithm of compressed data; `undefined` where the flags fit none. */
function codecOf(flags: number): Codec | undefined {
  if ((flags & Flag.zlib) !== 0) return CODECS.zlib
  return Object.values(CODECS).find((codec) => codec.flag === (flags & 0xffff))
}

/** `Infinity` is a length that no value has. */
function checkThreshold(name: string, value: number): number {
  return value === Number.POSITIVE_INFINITY ? value : checkLength(name, value, 0)
}

function checkLength(name: string, value: number, min: number, max?: number): number {
  return checkNumber(name, value, { integer: true, min, max, unit: 'bytes' })
}
