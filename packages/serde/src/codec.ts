import { promisify } from 'node:util'
import { Flag } from './flags.ts'

/** How values are compressed. */
export type CompressionAlgorithm = 'zlib' | 'gzip' | 'brotli' | 'zstd'

/** One algorithm, as far as the running Node has it. */
export interface Codec {
  /** The flag of data that it compressed. */
  readonly flag: number
  readonly minLevel: number
  readonly maxLevel: number
  /** The most bytes that so many compressed bytes can become; `Infinity` for brotli and Zstandard. */
  longestResult(length: number): number
  /** False for Zstandard before Node 22.15. */
  isAvailable(): boolean
  compressSync(data: Uint8Array, level: number | undefined): Buffer
  compress(data: Uint8Array, level: number | undefined): Promise<Buffer>
  /** @throws an error for which `isTooLong` holds when the result has more than `maxLength` bytes */
  decompressSync(data: Uint8Array, maxLength: number): Buffer
  decompress(data: Uint8Array, maxLength: number): Promise<Buffer>
}

/** Whether decompression stopped because the result would have been too long. */
export function isTooLong(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
}

/** What differs between the algorithms: the names of Node's functions, and how a level is given. */
interface CodecSettings {
  readonly flag: number
  /** The most bytes that one compressed byte can become. @default Infinity */
  readonly maxRatio?: number
  readonly compress: string
  readonly decompress: string
  readonly minLevel: number
  readonly maxLevel: number
  /** The parameter that the level is, where it is no option by itself. */
  readonly levelParameter?: number
  readonly defaultLevel?: number
}

type Options = Readonly<Record<string, unknown>>
type Run = (data: Uint8Array, options: Options) => Buffer
type RunAsync = (
  data: Uint8Array,
  options: Options,
  callback: (error: Error | null, result: Buffer) => void,
) => void

/** What Node gives with the option `info`. */
interface Decompressed {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/**
 * The functions of zlib, loaded at the first use: a program that compresses nothing starts without them. Zstandard is missing
 * from the types and from older versions.
 */
function zlib(): Readonly<Record<string, unknown>> {
  return process.getBuiltinModule('node:zlib') as unknown as Readonly<Record<string, unknown>>
}

/** Z_DEFAULT_COMPRESSION. */
const DEFAULT_LEVEL = -1

/** Of the output, in bytes. */
const MIN_CHUNK = 1024
const MAX_CHUNK = 64 * 1024

/** Each chunk takes a turn of the event loop: for the longest result no more, up to MAX_CHUNK each. */
const MAX_CHUNKS = 256

/** Deflate writes 258 bytes in two bits at best. */
const DEFLATE_RATIO = 1032

function codec(settings: CodecSettings): Codec {
  const {
    flag,
    maxRatio = Number.POSITIVE_INFINITY,
    compress,
    decompress,
    minLevel,
    maxLevel,
  } = settings
  return {
    flag,
    minLevel,
    maxLevel,
    longestResult: (length) => (length + 1) * maxRatio,
    isAvailable() {
      return typeof zlib()[compress] === 'function'
    },
    compressSync(data, level) {
      const run = zlib()[`${compress}Sync`] as Run
      return run(data, compressOptions(settings, data, level))
    },
    async compress(data, level) {
      const run = promisify(zlib()[compress] as RunAsync)
      return await run(data, compressOptions(settings, data, level))
    },
    decompressSync(data, maxLength) {
      const run = zlib()[`${decompress}Sync`] as Run
      return wholeResult(data, run(data, decompressOptions(data, maxLength)))
    },
    async decompress(data, maxLength) {
      const run = promisify(zlib()[decompress] as RunAsync)
      return wholeResult(data, await run(data, decompressOptions(data, maxLength)))
    },
  }
}

function compressOptions(
  { levelParameter, defaultLevel }: CodecSettings,
  data: Uint8Array,
  level: number | undefined,
): Options {
  const chunkSize = chunkSizeFor(data.length, data.length)
  if (levelParameter === undefined) {
    return { chunkSize, level: level ?? DEFAULT_LEVEL }
  }
  return { chunkSize, params: { [levelParameter]: level ?? defaultLevel } }
}

function decompressOptions(data: Uint8Array, maxOutputLength: number): Options {
  const chunkSize = chunkSizeFor(data.length * 4, maxOutputLength)
  return { chunkSize, maxOutputLength, info: true }
}

/** The likely length, since each chunk is allocated whole; more where the longest would take too many. */
function chunkSizeFor(likely: number, longest: number): number {
  const size = Math.max(likely, Math.ceil(longest / MAX_CHUNKS), MIN_CHUNK)
  return Math.min(size, MAX_CHUNK)
}

/** Node ignores what follows the compressed data; something appended to an item must not vanish. */
function wholeResult(data: Uint8Array, result: unknown): Buffer {
  const { buffer, engine } = result as Decompressed
  if (engine.bytesWritten !== data.length) {
    throw new Error(`${data.length - engine.bytesWritten} bytes follow the compressed data`)
  }
  // A result in a single chunk is a view of it, which would hold all of its memory.
  return buffer.length * 2 < buffer.buffer.byteLength ? Buffer.from(buffer) : buffer
}

/** Every algorithm by its name. */
export const CODECS: Readonly<Record<CompressionAlgorithm, Codec>> = {
  zlib: codec({
    flag: Flag.zlib,
    maxRatio: DEFLATE_RATIO,
    compress: 'deflate',
    decompress: 'inflate',
    minLevel: 1,
    maxLevel: 9,
  }),
  gzip: codec({
    flag: Flag.gzip,
    maxRatio: DEFLATE_RATIO,
    compress: 'gzip',
    decompress: 'gunzip',
    minLevel: 1,
    maxLevel: 9,
  }),
  brotli: codec({
    flag: Flag.brotli,
    compress: 'brotliCompress',
    decompress: 'brotliDecompress',
    minLevel: 0,
    maxLevel: 11,
    // BROTLI_PARAM_QUALITY.
    levelParameter: 1,
    // Node's own default, 11, is a hundred times slower.
    defaultLevel: 4,
  }),
  zstd: codec({
    flag: Flag.zstd,
    compress: 'zstdCompress',
    decompress: 'zstdDecompress',
    minLevel: 1,
    maxLevel: 22,
    // ZSTD_c_compressionLevel, a constant only where Node has Zstandard.
    levelParameter: 100,
    defaultLevel: 3,
  }),
}
