import { MemcacheIllegalInputError, MemcacheSerdeError } from '@mc/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flag, jsonSerde, nativeSerde, rawSerde, textSerde } from '../src/index.ts'
import { anyBytes, anyNumber, anyText, jsonValue, wellFormedText } from './arbitraries.ts'
import { errorOf, roundTrip } from './round-trip.ts'

describe('rawSerde', () => {
  it('gives back any bytes, as a Buffer', async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        expect(await roundTrip<Uint8Array>(rawSerde, bytes)).toStrictEqual(Buffer.from(bytes))
      }),
    )
  })

  it('gives the bytes of items with any flags', () => {
    for (const flags of [0, 1, 8, 16, 4096, 2 ** 32 - 1]) {
      expect(rawSerde.deserialize(Buffer.from('x'), flags, 'key')).toEqual(Buffer.from('x'))
    }
  })

  it.each([['text'], [5], [null], [undefined], [new Float64Array(1)], [new ArrayBuffer(1)]])(
    'refuses to write %o',
    (value) => {
      expect(() => rawSerde.serialize(value as never, 'key')).toThrow(MemcacheIllegalInputError)
    },
  )
})

describe('textSerde', () => {
  it('gives back any text that UTF-8 can hold', async () => {
    await fc.assert(
      fc.asyncProperty(wellFormedText, async (text) => {
        expect(await textSerde.serialize(text, 'key')).toEqual({ data: text, flags: Flag.text })
        expect(await roundTrip(textSerde, text)).toBe(text)
      }),
    )
  })

  it('reads items of other tools, and counters, as text', () => {
    expect(textSerde.deserialize(Buffer.from('£'), 0, 'key')).toBe('£')
    expect(textSerde.deserialize(Buffer.from('99 '), 2, 'key')).toBe('99 ')
    expect(textSerde.deserialize(Buffer.from('5'), 4, 'key')).toBe('5')
  })

  it.each([[5], [null], [undefined], [Buffer.from('x')], ['\ud800'], ['a\udc00b']])(
    'refuses to write %o',
    (value) => {
      expect(() => textSerde.serialize(value as never, 'key')).toThrow(MemcacheIllegalInputError)
    },
  )

  it.each([
    [Flag.pickle, 'x'],
    [Flag.text | Flag.zlib, 'x'],
    [Flag.json, '"x"'],
    [Flag.structured, 'x'],
    [4096, 'x'],
    [Flag.text, '\xff'],
    [Flag.bytes, '\xff'],
  ])('rejects flags %i with data %j', async (flags, data) => {
    const error = await errorOf(() =>
      textSerde.deserialize(Buffer.from(data, 'latin1'), flags, 'key'),
    )
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect(error).toMatchObject({ key: 'key', flags })
  })
})

describe('jsonSerde', () => {
  const serde = jsonSerde()

  it('gives back any JSON value, text and number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(jsonValue, anyText, anyNumber), async (value) => {
        expect(await roundTrip(serde, value)).toStrictEqual(value)
      }),
    )
  })

  it('reads what nativeSerde wrote as JSON, and the other way round', async () => {
    for (const value of [{ a: [1, null] }, Number.NaN, -0, true, 1e300]) {
      const written = await nativeSerde.serialize(value, 'key')
      expect(await serde.serialize(value, 'key')).toEqual(written)
      expect(serde.deserialize(Buffer.from(written.data), written.flags, 'key')).toEqual(value)
    }
  })

  it('reads JSON without flags, JSON as text, and counters', () => {
    expect(serde.deserialize(Buffer.from('{"a":1}'), 0, 'key')).toEqual({ a: 1 })
    expect(serde.deserialize(Buffer.from('{"a":1}'), 16, 'key')).toEqual({ a: 1 })
    expect(serde.deserialize(Buffer.from('99 '), 2, 'key')).toBe(99)
    expect(serde.deserialize(Buffer.from('99 '), 32, 'key')).toBe(99)
  })

  it('writes and reads through replacer and reviver', async () => {
    const dates = jsonSerde<{ at: Date; secret?: string }>({
      replacer: (name, value) => (name === 'secret' ? undefined : value),
      reviver: (name, value) => (name === 'at' ? new Date(value as string) : value),
    })
    expect(await roundTrip(dates, { at: new Date(5), secret: 'x' })).toEqual({ at: new Date(5) })
    const some = jsonSerde({ replacer: ['a'] })
    expect(await roundTrip<unknown>(some, { a: 1, b: 2 })).toEqual({ a: 1 })
    const bytes = jsonSerde<Uint8Array | readonly number[]>({
      replacer: (_, value) => (value instanceof Uint8Array ? [...value] : value),
    })
    expect(await roundTrip(bytes, Uint8Array.of(1, 2))).toEqual([1, 2])
  })

  it.each([[undefined], [() => 1], [Symbol('s')], [new Map()], [Uint8Array.of(1)], [5n]])(
    'refuses to write %o',
    (value) => {
      expect(() => serde.serialize(value, 'key')).toThrow(MemcacheIllegalInputError)
    },
  )

  it('says what made a replacer or reviver fail', async () => {
    const failure = new Error('no')
    const failing = jsonSerde({
      replacer: () => {
        throw failure
      },
      reviver: () => {
        throw failure
      },
    })
    expect(await errorOf(() => failing.serialize(1, 'key'))).toMatchObject({
      name: 'MemcacheIllegalInputError',
      cause: failure,
    })
    expect(await errorOf(() => failing.deserialize(Buffer.from('1'), 32, 'key'))).toMatchObject({
      name: 'MemcacheSerdeError',
      cause: failure,
    })
  })

  it.each([
    [Flag.pickle, '1'],
    [Flag.json | Flag.zlib, '1'],
    [Flag.structured, '1'],
    [Flag.json, '{'],
    [Flag.json, ''],
    [Flag.json, '"\xff"'],
  ])('rejects flags %i with data %j', async (flags, data) => {
    const error = await errorOf(() => serde.deserialize(Buffer.from(data, 'latin1'), flags, 'key'))
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect(error).toMatchObject({ key: 'key', flags })
  })
})
