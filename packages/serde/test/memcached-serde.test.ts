import { MemcacheIllegalInputError, MemcacheSerdeError } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { memcachedSerde, memjsSerde } from '../src/index.ts'
import { errorOf, readItem, roundTrip } from './round-trip.ts'

describe('memcachedSerde', () => {
  it('writes the flags and the form of npm memcached', async () => {
    const write = (value: never) => memcachedSerde.serialize(value, 'key')
    expect(write('a\r\n' as never)).toEqual({ data: 'a\\\r\\\n', flags: 0 })
    expect(write({ a: 1 } as never)).toEqual({ data: '{"a":1}', flags: 2 })
    expect(write(Uint8Array.of(10, 255) as never)).toEqual({ data: '\\\nÿ', flags: 4 })
    expect(write(1.5 as never)).toEqual({ data: '1.5', flags: 8 })
  })

  it.each([Number.NaN, -Infinity, 5e-324, '\\\n\\', [null]])('gives %j back', async (value) => {
    expect(await roundTrip(memcachedSerde, value)).toEqual(value)
  })

  it('reads a counter that decr shortened', () => {
    expect(readItem(memcachedSerde, '99 ', 8)).toBe(99)
  })

  it.each<[string, string | Uint8Array, number, RegExp]>([
    ['flags of others', 'x', 16, /does not know/],
    ['no number', 'abc', 8, /number/],
    ['an empty number', '', 8, /number/],
    ['no JSON', '{', 2, /JSON/],
    ['characters that are no bytes', '€', 4, /bytes/],
    ['text that is not UTF-8', Uint8Array.of(255), 0, /UTF-8/],
  ])('rejects %s', async (_, data, flags, why) => {
    const error = await errorOf(() => readItem(memcachedSerde, data, flags))
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect((error as Error).message).toMatch(why)
  })

  it('refuses a bigint, which npm memcached has not', () => {
    expect(() => memcachedSerde.serialize({ big: 1n }, 'key')).toThrow(MemcacheIllegalInputError)
    expect(() => memcachedSerde.serialize(1n, 'key')).toThrow(MemcacheIllegalInputError)
  })
})

it('memjsSerde writes text and bytes without flags, and reads all as a Buffer', async () => {
  expect(await memjsSerde.serialize('ü', 'key')).toEqual({ data: 'ü', flags: 0 })
  expect(await readItem(memjsSerde, 'ü', 5)).toEqual(Buffer.from('ü'))
  expect(() => memjsSerde.serialize(5 as never, 'key')).toThrow(MemcacheIllegalInputError)
})
