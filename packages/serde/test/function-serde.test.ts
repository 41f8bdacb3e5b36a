import { MemcacheIllegalInputError, type SerializedValue } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { functionSerde } from '../src/index.ts'
import { errorOf, roundTrip } from './round-trip.ts'

describe('functionSerde', () => {
  it('writes and reads by its functions, which see key and flags', async () => {
    const serde = functionSerde<string>(
      (value, key) => ({ data: `${key}=${value}`, flags: 7 }),
      (data, flags, key) => `${data}, ${flags}, ${key}`,
    )
    expect(await roundTrip(serde, 'v')).toBe('key=v, 7, key')
  })

  it('takes async functions', async () => {
    const serde = functionSerde<number>(
      async (value) => ({ data: String(value), flags: 0 }),
      async (data) => Number(data),
    )
    expect(await roundTrip(serde, 5)).toBe(5)
  })

  it('adds no promise to functions that answer directly', () => {
    const serde = functionSerde<number>(
      (value) => ({ data: String(value), flags: 0 }),
      (data) => Number(data),
    )
    expect(serde.serialize(5, 'key')).toEqual({ data: '5', flags: 0 })
    expect(serde.deserialize(Buffer.from('5'), 0, 'key')).toBe(5)
  })

  it('passes text and bytes through where a function is missing', async () => {
    const serde = functionSerde()
    expect(serde.serialize('x', 'key')).toEqual({ data: 'x', flags: 0 })
    expect(await roundTrip<unknown>(serde, Buffer.from('x'))).toEqual(Buffer.from('x'))
    const upper = functionSerde<string>(undefined, (data) => data.toString().toUpperCase())
    expect(await roundTrip(upper, 'x')).toBe('X')
    expect(() => serde.serialize(5, 'key')).toThrow(MemcacheIllegalInputError)
    expect(() => serde.serialize(undefined, 'key')).toThrow(MemcacheIllegalInputError)
  })

  it.each([
    [{ data: 5, flags: 0 }],
    [{ data: 'x', flags: -1 }],
    [{ data: 'x', flags: 2 ** 32 }],
    [{ data: 'x', flags: 1.5 }],
    [{ data: 'x', flags: '0 0 1\r\nflush_all' }],
    [{ data: 'x' }],
    [{}],
    ['x'],
    [null],
    [undefined],
  ])('refuses %o as the answer of serialize, direct or promised', async (answer) => {
    const serialized = answer as unknown as SerializedValue
    for (const serde of [functionSerde(() => serialized), functionSerde(async () => serialized)]) {
      const error = await errorOf(() => serde.serialize('v', 'key'))
      expect(error).toBeInstanceOf(MemcacheIllegalInputError)
    }
  })

  it('lets errors of its functions out as they are', async () => {
    const failure = new Error('no')
    const serde = functionSerde<unknown>(
      () => {
        throw failure
      },
      async () => {
        throw failure
      },
    )
    expect(await errorOf(() => serde.serialize('v', 'key'))).toBe(failure)
    expect(await errorOf(() => serde.deserialize(Buffer.of(), 0, 'key'))).toBe(failure)
  })
})
