import zlib from 'node:zlib'
import { MemcacheIllegalInputError, MemcacheSerdeError, type Serde } from '@mc/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CompressedSerdeOptions,
  type CompressionAlgorithm,
  compressedSerde,
  Flag,
  functionSerde,
  jsonSerde,
  nativeSerde,
  rawSerde,
  structuredSerde,
  textSerde,
} from '../src/index.ts'
import { anyBytes, anyNumber, int64, jsonValue, wellFormedText } from './arbitraries.ts'
import { errorOf, readItem, roundTrip } from './round-trip.ts'

const hasZstd = 'zstdCompress' in zlib
const algorithms: readonly CompressionAlgorithm[] = hasZstd
  ? ['zlib', 'gzip', 'brotli', 'zstd']
  : ['zlib', 'gzip', 'brotli']

const flagOf: Readonly<Record<CompressionAlgorithm, number>> = {
  zlib: Flag.zlib | Flag.text,
  gzip: Flag.gzip + Flag.text * 65536,
  brotli: Flag.brotli + Flag.text * 65536,
  zstd: Flag.zstd + Flag.text * 65536,
}

const compressible = 'compress me, '.repeat(2000)

/** Bytes that no algorithm makes shorter. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 1
  for (let at = 0; at < length; at++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    bytes[at] = (state ^ (state >>> 13)) >>> 24
  }
  return bytes
}

describe.each(algorithms)('compressedSerde with %s', (algorithm) => {
  const sync = compressedSerde(nativeSerde, { algorithm, asyncLength: Number.POSITIVE_INFINITY })
  const offLoop = compressedSerde(nativeSerde, { algorithm, asyncLength: 0, minLength: 1 })

  it('gives back a long text, shorter on its way and marked by its flag', async () => {
    for (const serde of [sync, offLoop]) {
      const { data, flags } = await serde.serialize(compressible, 'key')
      expect(data.length).toBeLessThan(compressible.length / 10)
      expect(flags).toBe(flagOf[algorithm])
      expect(await roundTrip(serde, compressible)).toBe(compressible)
    }
  })

  it('gives back values of every serde, compressed or not', async () => {
    const cases: readonly (readonly [Serde<never>, fc.Arbitrary<unknown>])[] = [
      [nativeSerde, fc.oneof(jsonValue, wellFormedText, anyNumber, int64)],
      [rawSerde, anyBytes.map((bytes) => Buffer.from(bytes))],
      [textSerde, wellFormedText],
      [jsonSerde(), jsonValue],
      [structuredSerde, fc.oneof(jsonValue, anyBytes, int64)],
    ] as never
    for (const [inner, values] of cases) {
      for (const asyncLength of [20, 10_000]) {
        const serde = compressedSerde(inner as Serde, { algorithm, minLength: 1, asyncLength })
        await fc.assert(
          fc.asyncProperty(values, async (value) => {
            expect(await roundTrip(serde, value)).toStrictEqual(value)
          }),
          { numRuns: 25 },
        )
      }
    }
  })

  it('keeps the plain form of what it cannot shorten, and of what is not long', async () => {
    for (const bytes of [noise(1000), noise(100_000), Buffer.alloc(400)]) {
      for (const serde of [sync, compressedSerde(nativeSerde, { algorithm, asyncLength: 401 })]) {
        const { data, flags } = await serde.serialize(bytes, 'key')
        expect(flags).toBe(Flag.bytes)
        expect(bytes.equals(data as Uint8Array)).toBe(true)
      }
    }
    expect((await sync.serialize(Buffer.alloc(401), 'key')).flags).not.toBe(Flag.bytes)
  })

  it('answers directly up to asyncLength bytes and with a promise beyond', async () => {
    const serde = compressedSerde(nativeSerde, { algorithm, asyncLength: 1000 })
    const short = 'a'.repeat(1000)
    const written = serde.serialize(short, 'key')
    expect(written).not.toBeInstanceOf(Promise)
    const { data, flags } = await written
    expect(readItem(serde, Buffer.from(data), flags)).toBe(short)
    const long = serde.serialize(`${short}a`, 'key')
    expect(long).toBeInstanceOf(Promise)
    const value = readItem(serde, Buffer.from((await long).data), flags)
    expect(value).toBeInstanceOf(Promise)
    expect(await value).toBe(`${short}a`)
  })

  it('stores the bytes as they were when it was called', async () => {
    const bytes = Buffer.alloc(5000, 'a')
    const written = offLoop.serialize(bytes, 'key')
    bytes.fill('b')
    const { data, flags } = await written
    expect(await readItem(offLoop, data as Uint8Array, flags)).toEqual(Buffer.alloc(5000, 'a'))
  })

  it('rejects a value that would become too long, at no cost of memory', async () => {
    const huge = { algorithm, maxDecompressedLength: 100_000_000, level: 1 }
    const { data, flags } = await compressedSerde(nativeSerde, huge).serialize(
      Buffer.alloc(50_000_000),
      'key',
    )
    const before = process.memoryUsage()
    for (const asyncLength of [0, 1000, Number.POSITIVE_INFINITY]) {
      const serde = compressedSerde(nativeSerde, { asyncLength, maxDecompressedLength: 1_000_000 })
      const error = await errorOf(() => readItem(serde, data as Uint8Array, flags))
      expect(error).toBeInstanceOf(MemcacheSerdeError)
      expect(error).toMatchObject({ key: 'key', flags, message: expect.stringMatching(/1000000/) })
    }
    const after = process.memoryUsage()
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(20_000_000)
  })

  it('reads and writes values as long as maxDecompressedLength, and no longer', async () => {
    for (const asyncLength of [0, 100_000]) {
      const serde = compressedSerde(textSerde, {
        algorithm,
        asyncLength,
        maxDecompressedLength: 5000,
      })
      expect(await roundTrip(serde, 'a'.repeat(5000))).toBe('a'.repeat(5000))
      const error = await errorOf(() => serde.serialize('a'.repeat(5001), 'key'))
      expect(error).toBeInstanceOf(MemcacheIllegalInputError)
    }
  })

  it('rejects data that is cut off anywhere, or followed by something else', async () => {
    const { data, flags } = await sync.serialize('abcdefgh'.repeat(60), 'key')
    const bytes = Buffer.from(data)
    const damaged = Array.from(bytes, (_, length) => bytes.subarray(0, length))
    damaged.push(Buffer.concat([bytes, Buffer.from('x')]))
    for (const serde of [sync, offLoop]) {
      for (const data of damaged) {
        const error = await errorOf(() => readItem(serde, data, flags))
        expect(error).toBeInstanceOf(MemcacheSerdeError)
        expect(error).toMatchObject({
          key: 'key',
          flags,
          message: expect.stringMatching(/corrupt/),
        })
      }
    }
  })

  it('has every level that it promises', async () => {
    const max = { zlib: 9, gzip: 9, brotli: 11, zstd: 22 }[algorithm]
    const min = algorithm === 'brotli' ? 0 : 1
    for (const level of [min, max]) {
      const serde = compressedSerde(textSerde, { algorithm, level })
      expect(await roundTrip(serde, compressible)).toBe(compressible)
    }
    for (const level of [min - 1, max + 1, 1.5, Number.NaN]) {
      expect(() => compressedSerde(textSerde, { algorithm, level })).toThrow(RangeError)
    }
  })
})

describe('compressedSerde', () => {
  it('reads what any algorithm wrote, whichever it writes', async () => {
    for (const writer of algorithms) {
      const { data, flags } = await compressedSerde(nativeSerde, { algorithm: writer }).serialize(
        compressible,
        'key',
      )
      for (const algorithm of algorithms) {
        const reader = compressedSerde(nativeSerde, { algorithm })
        expect(await readItem(reader, data as Uint8Array, flags)).toBe(compressible)
      }
    }
  })

  it('reads what was written without it', async () => {
    const { data, flags } = await nativeSerde.serialize('plain', 'key')
    expect(readItem(compressedSerde(nativeSerde), Buffer.from(data), flags)).toBe('plain')
  })

  it('keeps flags of ours away from the bits that pymemcache reads', async () => {
    for (const algorithm of algorithms.filter((name) => name !== 'zlib')) {
      for (const value of [compressible, 10n ** 1000n, [compressible], Buffer.alloc(1000)]) {
        const serde = compressedSerde(nativeSerde, { algorithm })
        const { flags } = await serde.serialize(value, 'key')
        expect(flags & 0b11111).toBe(0)
      }
    }
  })

  it('leaves all values as they are with a minLength of 0 or Infinity', async () => {
    for (const minLength of [0, Number.POSITIVE_INFINITY]) {
      const serde = compressedSerde(nativeSerde, { minLength })
      expect(await serde.serialize(compressible, 'key')).toEqual({
        data: compressible,
        flags: Flag.text,
      })
    }
  })

  it('measures text in bytes', async () => {
    const serde = compressedSerde(textSerde)
    expect((await serde.serialize('€'.repeat(133), 'key')).flags).toBe(Flag.text)
    expect((await serde.serialize('€'.repeat(134), 'key')).flags).toBe(Flag.text | Flag.zlib)
  })

  it('wraps serdes that answer with promises', async () => {
    const inner = functionSerde<string>(
      async (value) => ({ data: value, flags: Flag.text }),
      async (data) => data.toString(),
    )
    for (const value of ['short', compressible]) {
      expect(await roundTrip(compressedSerde(inner), value)).toBe(value)
    }
  })

  it('keeps the flags of its inner serde, up to 32 bits with zlib and 16 otherwise', async () => {
    const withFlags = (flags: number) =>
      functionSerde<unknown>(
        (value) => ({ data: value as string, flags }),
        (_, flags) => flags,
      )
    for (const [algorithm, flags] of [
      ['zlib', 2 ** 31 + 1],
      ['gzip', 0xf000],
    ] as const) {
      const serde = compressedSerde(withFlags(flags), { algorithm })
      expect(await roundTrip<unknown>(serde, compressible)).toBe(flags)
      expect(await roundTrip<unknown>(serde, 'short')).toBe(flags)
    }
    for (const [algorithm, flags] of [
      ['zlib', Flag.zlib],
      ['zlib', Flag.brotli | Flag.text],
      ['gzip', Flag.zlib],
      ['gzip', 0x10000],
    ] as const) {
      const serde = compressedSerde(withFlags(flags), { algorithm })
      expect(() => serde.serialize('short', 'key')).toThrow(MemcacheIllegalInputError)
    }
  })

  it('rejects compression flags that it does not write', async () => {
    for (const flags of [Flag.gzip | Flag.text, Flag.gzip | Flag.brotli, Flag.brotli | 4096]) {
      const error = await errorOf(() => readItem(compressedSerde(nativeSerde), Buffer.of(1), flags))
      expect(error).toBeInstanceOf(MemcacheSerdeError)
    }
  })

  it('keeps what is compressed, and else what the inner serde keeps', () => {
    const keeps = [Flag.text, Flag.bytes, Flag.text | Flag.zlib].map((flags) =>
      compressedSerde(nativeSerde).keepsData?.(flags),
    )
    expect(keeps).toEqual([false, true, true])
    expect(compressedSerde(rawSerde).keepsData?.(Flag.text)).toBe(true)
  })

  it.each<[CompressedSerdeOptions, typeof TypeError | typeof RangeError]>([
    [{ algorithm: 'lzma' as CompressionAlgorithm }, TypeError],
    [{ algorithm: 'toString' as CompressionAlgorithm }, TypeError],
    [{ minLength: -1 }, RangeError],
    [{ minLength: 1.5 }, RangeError],
    [{ minLength: Number.NaN }, RangeError],
    [{ asyncLength: -1 }, RangeError],
    [{ asyncLength: '5' as unknown as number }, TypeError],
    [{ maxDecompressedLength: 0 }, RangeError],
    [{ maxDecompressedLength: Number.POSITIVE_INFINITY }, RangeError],
    [{ level: 10 }, RangeError],
  ])('refuses the options %o', (options, type) => {
    expect(() => compressedSerde(nativeSerde, options)).toThrow(type)
  })
})

describe('Zstandard', () => {
  it('is refused with a clear error by a Node that does not have it', async () => {
    const found = Object.getOwnPropertyDescriptor(zlib, 'zstdCompress')
    Object.defineProperty(zlib, 'zstdCompress', { value: undefined, configurable: true })
    try {
      expect(() => compressedSerde(nativeSerde, { algorithm: 'zstd' })).toThrow(/Node 22\.15/)
      const flags = flagOf.zstd
      const error = await errorOf(() => readItem(compressedSerde(nativeSerde), Buffer.of(1), flags))
      expect(error).toBeInstanceOf(MemcacheSerdeError)
      expect(error).toMatchObject({ flags, message: expect.stringMatching(/Node 22\.15/) })
    } finally {
      if (found === undefined) Reflect.deleteProperty(zlib, 'zstdCompress')
      else Object.defineProperty(zlib, 'zstdCompress', found)
    }
  })

  it('is written at level 3 and read, by a Node that has it', async () => {
    const levels: unknown[] = []
    // Stand in where the real functions are missing; they tell what they were called with.
    const standIns = {
      zstdCompress: zlib.brotliCompress,
      zstdCompressSync: (data: Buffer, { params }: zlib.BrotliOptions) => {
        levels.push(params?.[100])
        return zlib.brotliCompressSync(data)
      },
      zstdDecompressSync: zlib.brotliDecompressSync,
    }
    if (!hasZstd) Object.assign(zlib, standIns)
    try {
      const serde = compressedSerde(nativeSerde, { algorithm: 'zstd', asyncLength: 100_000 })
      const { data, flags } = await serde.serialize(compressible, 'key')
      expect(flags).toBe(flagOf.zstd)
      expect(await readItem(serde, Buffer.from(data), flags)).toBe(compressible)
      expect(levels).toEqual(hasZstd ? [] : [3])
    } finally {
      if (!hasZstd) for (const name of Object.keys(standIns)) Reflect.deleteProperty(zlib, name)
    }
  })
})
