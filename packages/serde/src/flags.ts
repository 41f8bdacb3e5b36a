/**
 * Client flags, which tell how the bytes of an item are to be read. The lowest five bits are
 * pymemcache's and mean what they mean there; the others leave its readers with raw bytes.
 *
 * What is compressed with zlib keeps the flags of its contents beside the bit. What is compressed in
 * another way has them 16 bits higher, since pymemcache would read compressed bytes as text or
 * integers if it saw those bits.
 */
export const Flag = {
  /** Bytes as they are; also what most other tools write */
  bytes: 0,
  /** A Python pickle, which only `pickleSerde` reads and writes */
  pickle: 1,
  /** Decimal text, read as a number, or as a bigint past 2^53 */
  integer: 2,
  /** Decimal text, read as a bigint */
  long: 4,
  /** Compressed in zlib format (RFC 1950), beside the flags of the contents */
  zlib: 8,
  /** UTF-8 text */
  text: 16,
  /** JSON in UTF-8, and the words NaN, Infinity and -Infinity alone */
  json: 32,
  /** The format of `node:v8`'s `serialize` */
  structured: 64,
  /** Compressed in gzip format, the flags of the contents 16 bits higher */
  gzip: 128,
  /** Compressed with brotli, the flags of the contents 16 bits higher */
  brotli: 256,
  /** Compressed with Zstandard, the flags of the contents 16 bits higher */
  zstd: 512,
} as const

/** Every flag that says "compressed". */
export const COMPRESSION_FLAGS: number = Flag.zlib | Flag.gzip | Flag.brotli | Flag.zstd
