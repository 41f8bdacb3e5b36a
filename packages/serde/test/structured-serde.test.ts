import { MemcacheIllegalInputError, MemcacheSerdeError } from '@mc/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flag, structuredSerde } from '../src/index.ts'
import { anyBytes, anyNumber, anyText, int64, jsonValue } from './arbitraries.ts'
import { errorOf, roundTrip } from './round-trip.ts'

describe('structuredSerde', () => {
  it('gives back what JSON cannot hold', async () => {
    const value = {
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
      date: new Date(5),
      pattern: /x/gi,
      floats: Float64Array.of(1.5, Number.NaN),
      bytes: Buffer.from('x'),
      nothing: undefined,
      zero: -0,
    }
    expect(await roundTrip<unknown>(structuredSerde, value)).toStrictEqual(value)
  })

  it('gives back cycles', async () => {
    const cycle: unknown[] = [1]
    cycle.push(cycle)
    const back = (await roundTrip<unknown>(structuredSerde, cycle)) as unknown[]
    expect(back[0]).toBe(1)
    expect(back[1]).toBe(back)
  })

  it('gives back any JSON value, text, number, bigint and bytes', async () => {
    const value = fc.oneof(jsonValue, anyText, anyNumber, int64, anyBytes)
    await fc.assert(
      fc.asyncProperty(value, async (value) => {
        expect(await roundTrip(structuredSerde, value)).toStrictEqual(value)
      }),
    )
  })

  it('gives bytes that share memory with no other value', async () => {
    const bytes = (await roundTrip<unknown>(structuredSerde, Buffer.from('abc'))) as Buffer
    const text = Buffer.from(bytes.buffer).toString('latin1')
    expect(text).not.toContain('before')
    await new Promise(setImmediate)
    expect(bytes).toEqual(Buffer.from('abc'))
  })

  it.each([[undefined], [() => 1], [Symbol('s')], [{ f: () => 1 }], [Promise.resolve()]])(
    'refuses to write %o',
    (value) => {
      expect(() => structuredSerde.serialize(value, 'key')).toThrow(MemcacheIllegalInputError)
    },
  )

  it.each([
    [Flag.bytes, ''],
    [Flag.text, 'x'],
    [Flag.structured | Flag.zlib, 'x'],
    [Flag.structured, ''],
    [Flag.structured, 'garbage'],
    [Flag.structured, '\xff\xff'],
  ])('rejects flags %i with data %j', async (flags, data) => {
    const error = await errorOf(() =>
      structuredSerde.deserialize(Buffer.from(data, 'latin1'), flags, 'key'),
    )
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect(error).toMatchObject({ key: 'key', flags })
  })
})
