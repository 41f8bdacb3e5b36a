import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { MemcacheSerdeError } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { bundledText } from '../../../test-support/bundle.ts'
import { type CompressedSerdeOptions, compressedSerde, Flag, rawSerde } from '../src/index.ts'

const MIB = 1024 ** 2

/** A hundred bytes that become as many as wanted. */
function bomb(length: number): Buffer {
  return zlib.brotliCompressSync(Buffer.alloc(length), {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 },
  })
}

/** What each value of one call becomes, or of a call each: its length, or its error. */
async function lengths(
  options: CompressedSerdeOptions,
  items: readonly Buffer[],
  isOneCall = true,
): Promise<unknown[]> {
  const serde = compressedSerde(rawSerde, options)
  const call = isOneCall ? {} : undefined
  const read = async (item: Buffer, i: number) =>
    serde.deserialize(item, Flag.brotli, `key ${i}`, call)
  const outcomes = await Promise.allSettled(items.map(read))
  return outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value.length : outcome.reason,
  )
}

describe('values of one call that take more than maxTotalDecompressedLength together', () => {
  const options = { maxDecompressedLength: 4 * MIB, maxTotalDecompressedLength: 8 * MIB }

  it.each([
    ['off the event loop', 0],
    ['as far as they are short directly', undefined],
    ['directly', Number.POSITIVE_INFINITY],
  ])('fail by themselves, the others arrive, decompressed %s', async (_, asyncLength) => {
    const item = bomb(3 * MIB)
    const items = [...Array.from({ length: 20 }, () => item), bomb(500), bomb(100_000)]
    const outcomes = await lengths({ ...options, asyncLength }, items)
    expect(outcomes.slice(0, 2)).toEqual([3 * MIB, 3 * MIB])
    for (const [i, error] of outcomes.slice(2, 20).entries()) {
      expect(error).toBeInstanceOf(MemcacheSerdeError)
      expect(error).toMatchObject({
        key: `key ${i + 2}`,
        message: expect.stringMatching(/"key \d+".*maxTotalDecompressedLength is 8388608 bytes/),
      })
    }
    expect(outcomes.slice(20)).toEqual([500, 100_000])
  })

  it('are told from a value that is too long by itself', async () => {
    const outcomes = await lengths(options, [bomb(5 * MIB), bomb(3 * MIB)])
    expect(outcomes).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/maxDecompressedLength, 4194304/) }),
      3 * MIB,
    ])
  })

  it('are no error when each is of a call of its own', async () => {
    const item = bomb(3 * MIB)
    const items = Array.from({ length: 20 }, () => item)
    expect(await lengths(options, items, false)).toEqual(items.map(() => 3 * MIB))
  })

  it('fill small values up to the limit exactly', async () => {
    const items = Array.from({ length: 5 }, () => bomb(100))
    const small = { maxDecompressedLength: 100, maxTotalDecompressedLength: 400 }
    for (const asyncLength of [0, undefined]) {
      const outcomes = await lengths({ ...small, asyncLength }, items)
      expect(outcomes).toEqual([100, 100, 100, 100, expect.any(MemcacheSerdeError)])
    }
  })
})

describe('compressedSerde', () => {
  it('lets the value of another call through while one call waits for its own values', async () => {
    const serde = compressedSerde(rawSerde, {
      maxDecompressedLength: 4 * MIB,
      maxTotalDecompressedLength: 4 * MIB,
    })
    const order: string[] = []
    const item = bomb(3 * MIB)
    const read = async (name: string, call?: object) => {
      await serde.deserialize(item, Flag.brotli, name, call)
    }
    const call = {}
    const settled = ['a', 'b', 'c', 'd'].map((name) =>
      read(name, call).then(
        () => order.push(name),
        () => order.push(name),
      ),
    )
    settled.push(read('other').then(() => order.push('other')))
    await Promise.all(settled)
    expect(order.slice(0, 2)).toEqual(['a', 'other'])
  })

  it('lets as many compressed bytes wait as values may have together', async () => {
    const noise = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * i * 7919) >>> 3))
    const item = zlib.brotliCompressSync(noise)
    const options = {
      maxDecompressedLength: 1000,
      maxTotalDecompressedLength: item.length * 4,
      asyncLength: 0,
    }
    expect(item.length).toBeGreaterThan(250)
    const outcomes = await lengths(options, [item, item, item, item, item, item], false)
    const refused = expect.objectContaining({
      code: 'MEMCACHE_SERDE',
      message: expect.stringMatching(/maxTotalDecompressedLength/),
    })
    expect(outcomes).toEqual([1000, 1000, 1000, 1000, refused, refused])
  })

  it('gives a short value no more memory than it needs', async () => {
    for (const asyncLength of [0, undefined]) {
      const serde = compressedSerde(rawSerde, { asyncLength })
      const value = await serde.deserialize(bomb(5000), Flag.brotli, 'key')
      expect(value.buffer.byteLength).toBeLessThan(20_000)
    }
  })

  it('takes little longer than zlib with its own defaults for an item that becomes long', async () => {
    const item = bomb(16 * MIB)
    const serde = compressedSerde(rawSerde)
    const plain = promisify(zlib.brotliDecompress)
    const timed = async (work: () => unknown) => {
      const start = performance.now()
      await work()
      return performance.now() - start
    }
    let ratio = Number.POSITIVE_INFINITY
    // Again where a busy machine disturbed it.
    for (let round = 0; round < 5 && ratio > 2.5; round++) {
      const own = await timed(() => serde.deserialize(item, Flag.brotli, 'key'))
      ratio = Math.min(ratio, own / (await timed(() => plain(item))))
    }
    expect(ratio).toBeLessThan(2.5)
  })

  const calls: [string, string][] = [['one call', '{}']]
  // All of them are decompressed in the end.
  if (isLong) calls.push(['a call each', 'undefined'])
  const long = { tags: ['long'] }
  it.each(calls)('takes memory within the limit for many values of %s', long, async (_, call) => {
    const module = `
      import { compressedSerde, Flag, rawSerde } from '@mc/serde'
      const item = Buffer.from('${bomb(15 * MIB).toString('base64')}', 'base64')
      const serde = compressedSerde(rawSerde, {
        maxDecompressedLength: ${16 * MIB},
        maxTotalDecompressedLength: ${64 * MIB},
      })
      const start = process.memoryUsage().rss
      const call = ${call}
      const held = []
      await Promise.allSettled(Array.from({ length: 60 }, async (_, i) => {
        const value = await serde.deserialize(Buffer.from(item), Flag.brotli, 'key', call)
        if (call !== undefined) held.push(value)
      }))
      console.log(process.resourceUsage().maxRSS * 1024 - start)`
    const program = bundledText(module, new URL('..', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program])
    // All of them take 900 MiB, and twice that while their parts are joined.
    expect(Number(stdout)).toBeGreaterThan(0)
    expect(Number(stdout)).toBeLessThan(400 * MIB)
  })

  it.each([
    [{ maxTotalDecompressedLength: 64 * MIB - 1 }],
    [{ maxTotalDecompressedLength: Number.NaN }],
    [{ maxDecompressedLength: 10, maxTotalDecompressedLength: 9 }],
  ])('refuses the options %o', (options) => {
    expect(() => compressedSerde(rawSerde, options)).toThrow(/maxTotalDecompressedLength/)
  })

  it('takes a maxDecompressedLength past the default of the total', () => {
    expect(() => compressedSerde(rawSerde, { maxDecompressedLength: 1024 * MIB })).not.toThrow()
  })
})
