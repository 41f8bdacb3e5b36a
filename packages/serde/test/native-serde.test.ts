import { runInNewContext } from 'node:vm'
import { MemcacheIllegalInputError, MemcacheSerdeError, type SerializedValue } from '@mc/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flag, type NativeValue, nativeSerde } from '../src/index.ts'
import { anyBytes, anyNumber, anyText, int64, jsonValue } from './arbitraries.ts'
import { errorOf, readItem, roundTrip } from './round-trip.ts'

function write(value: unknown) {
  return nativeSerde.serialize(value as NativeValue, 'key')
}

function read(data: string | Uint8Array, flags: number) {
  return readItem(nativeSerde, data, flags)
}

describe('nativeSerde', () => {
  it.each<[string, NativeValue, string, number]>([
    ['text', 'value', 'value', Flag.text],
    ['empty text', '', '', Flag.text],
    ['text outside ASCII', '£ $ €', '£ $ €', Flag.text],
    ['an integer', 42, '42', Flag.integer],
    ['a negative integer', -1, '-1', Flag.integer],
    ['the largest safe integer', 2 ** 53 - 1, '9007199254740991', Flag.integer],
    ['a small bigint', 5n, '5', Flag.long],
    ['a large bigint', -(2n ** 64n), '-18446744073709551616', Flag.long],
    ['a fraction', 1.5, '1.5', Flag.json],
    ['an integer past 2^53', 2 ** 53, '9007199254740992', Flag.json],
    ['a very large integer', 1e300, '1e+300', Flag.json],
    ['minus zero', -0, '-0', Flag.json],
    ['NaN', Number.NaN, 'NaN', Flag.json],
    ['infinity', Number.NEGATIVE_INFINITY, '-Infinity', Flag.json],
    ['true', true, 'true', Flag.json],
    ['null', null, 'null', Flag.json],
    ['an array', [1, 'a', null], '[1,"a",null]', Flag.json],
    ['an object', { a: { b: 1.25 } }, '{"a":{"b":1.25}}', Flag.json],
    ['an empty object', {}, '{}', Flag.json],
    ['text with a lone surrogate', 'a\ud800', '"a\\ud800"', Flag.json],
  ])('writes %s, and gives it back', async (_, value, data, flags) => {
    expect(await write(value)).toEqual({ data, flags })
    expect(await roundTrip(nativeSerde, value)).toStrictEqual(value)
  })

  it('writes bytes without flags and gives them back as a Buffer of its own', async () => {
    const bytes = Uint8Array.of(0, 1, 255, 13, 10)
    expect(await write(bytes)).toEqual({ data: bytes, flags: Flag.bytes })
    const value = await roundTrip<NativeValue>(nativeSerde, bytes)
    expect(value).toBeInstanceOf(Buffer)
    await new Promise(setImmediate)
    expect(value).toEqual(Buffer.from(bytes))
  })

  it('gives back any text, number, bigint, bytes and JSON value exactly', async () => {
    const bytes = anyBytes.map((value) => Buffer.from(value))
    const any = fc.oneof(anyText, anyNumber, int64, fc.bigInt(), fc.boolean(), bytes, jsonValue)
    await fc.assert(
      fc.asyncProperty(any, async (value) => {
        expect(await roundTrip(nativeSerde, value as NativeValue)).toStrictEqual(value)
      }),
    )
  })

  it('keeps a member named __proto__ a member', async () => {
    const value = JSON.parse('{"__proto__":{"admin":true}}') as object
    const back = (await roundTrip<NativeValue>(nativeSerde, value)) as { admin?: boolean }
    expect(Object.keys(back)).toEqual(['__proto__'])
    expect(back.admin).toBeUndefined()
  })

  it('keeps to the rules of JSON inside arrays and objects', async () => {
    const value = { gone: undefined, date: new Date(0), nan: Number.NaN, list: [undefined] }
    expect(await roundTrip<NativeValue>(nativeSerde, value)).toEqual({
      date: '1970-01-01T00:00:00.000Z',
      nan: null,
      list: [null],
    })
  })

  it('takes plain objects of other realms and without prototype', async () => {
    expect(await write(runInNewContext('({})'))).toEqual({ data: '{}', flags: Flag.json })
    expect(await write(Object.create(null))).toEqual({ data: '{}', flags: Flag.json })
    expect(await write({ only: undefined })).toEqual({ data: '{}', flags: Flag.json })
    const bytes = runInNewContext('new Uint8Array([1])') as Uint8Array
    expect(await write(bytes)).toEqual({ data: bytes, flags: Flag.bytes })
  })

  const cycle: unknown[] = []
  cycle.push(cycle)
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a promise', Promise.resolve(1)],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['a regular expression', /x/],
    ['an ArrayBuffer', new ArrayBuffer(4)],
    ['a typed array', new Float64Array(2)],
    ['a DataView', new DataView(new ArrayBuffer(4))],
    ['an object that JSON says is undefined', { toJSON: () => undefined }],
    ['an object with a bigint inside', { a: 1n }],
    ['a cycle', cycle],
    ['a promise inside of an object', { users: [{ name: Promise.resolve('Ada') }] }],
    ['a Map inside of an array', [1, [new Map([[1, 2]])]]],
    ['an instance whose fields are private', { counter: new Counter() }],
    ['an instance with fields', [Object.assign(new Counter(), { name: 'visits' })]],
    [
      'an instance whose members throw',
      Object.defineProperty(new Counter(), 'then', {
        get() {
          throw new Error('secret')
        },
      }),
    ],
    ['a function inside of an object', { name: 'visits', increase: () => 1 }],
    ['a symbol inside of an array', [Symbol('s')]],
    ['bytes inside of an object', { photo: new Uint8Array(2) }],
    ['a WeakMap inside of an object', { cache: new WeakMap() }],
    ['a bigint of 100,001 digits', 10n ** 100_000n],
  ])('refuses to write %s', (_, value) => {
    expect(() => write(value)).toThrow(MemcacheIllegalInputError)
  })

  it.each([
    { empty: {}, none: Object.create(null), list: [{}, []] },
    { text: '{}', at: new Date(0), own: { toJSON: () => ({}) } },
    { texts: [new String('a')], numbers: [new Number(1), new Boolean(true)] },
    { url: new URL('http://a/'), hidden: Object.defineProperty({ a: 1 }, 'f', { value: () => 1 }) },
  ])('writes all of %o that JSON has', async (value) => {
    expect(JSON.parse(String((await write(value)).data))).toEqual(JSON.parse(JSON.stringify(value)))
  })

  it.each<[string, unknown, RegExp]>([
    ['a Set', { roles: new Set(['admin']) }, /an instance of Set: structuredSerde keeps/],
    ['an instance', new Counter(), /Counter: .* store a plain object such as \{ \.\.\.it \}/],
    ['a promise', { user: Promise.resolve(1) }, /a Promise: await it/],
    ['a bigint', { total: 1n }, /a bigint within .*: store it as text, or use structuredSerde/],
    ['a cycle', cycle, /contains itself: structuredSerde keeps it/],
    ['a function', { render: () => 1 }, /a function: leave it out/],
    ['undefined', undefined, /undefined: store null, or delete the key/],
  ])('says what to do with %s', (_, value, advice) => {
    expect(() => write(value)).toThrow(advice)
  })

  it('ignores what an outdated library added to all objects', () => {
    Object.defineProperty(Object.prototype, 'extend', {
      value: () => {},
      ...{ enumerable: true, configurable: true, writable: true },
    })
    try {
      const { data } = write({ a: [{ b: 1 }] }) as SerializedValue
      expect(data).toBe('{"a":[{"b":1}]}')
    } finally {
      Reflect.deleteProperty(Object.prototype, 'extend')
    }
  })

  it.each<[string, string, number, NativeValue]>([
    ['an integer', '123', 2, 123],
    ['a zero with a sign', '-0', 2, 0],
    ['an integer past 2^53', '9007199254740992', 2, 9007199254740992n],
    ['what decr leaves of a longer number', '99 ', 2, 99],
    ['an integer with whitespace and a plus', '\t +5\n', 2, 5],
    ['a long', '123', 4, 123n],
    ['a long that decr shortened', '99  ', 4, 99n],
    ['flags of text and integer', '5', 18, '5'],
    ['flags of integer and pickle', '5', 3, 5],
    ['flags of integer and long', '5', 6, 5],
    ['flags of long and pickle', '5', 5, 5n],
    ['flags of text and JSON', '"5"', 48, '"5"'],
    ['text with a byte order mark', '\ufeffx', 16, '\ufeffx'],
    ['JSON between whitespace', ' [1] ', 32, [1]],
  ])('reads %s', (_, data, flags, value) => {
    expect(read(data, flags)).toStrictEqual(value)
  })

  it.each<[string, string | Uint8Array, number, RegExp]>([
    ['a pickle', Uint8Array.of(0x80, 5, 0x4e, 0x2e), 1, /Python pickle/],
    ['a compressed pickle', 'x', 9, /compressedSerde/],
    ['zlib', 'x', 24, /compressedSerde/],
    ['zstd', 'x', 512, /compressedSerde/],
    ['a structured clone', 'x', 64, /structuredSerde/],
    ['unknown flags', 'x', 4096, /does not know/],
    ['unknown flags beside text', 'x', 16 + 4096, /does not know/],
    ['the highest flag', 'x', 2 ** 31, /does not know/],
    ['text that is not UTF-8', Uint8Array.of(0xff), 16, /UTF-8/],
    ['JSON that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 32, /UTF-8/],
    ['JSON that is cut off', '{"secret":', 32, /JSON/],
    ['no JSON', '', 32, /JSON/],
    ['no integer', 'abc', 2, /integer/],
    ['an empty integer', '', 2, /integer/],
    ['a fraction as an integer', '1.5', 2, /integer/],
    ['an integer with separators', '1_000', 2, /integer/],
    ['a hexadecimal integer', '0x10', 4, /integer/],
    ['a long as Python 2 wrote it', '123L', 4, /integer/],
    ['an integer of 100,001 digits', '1'.repeat(100_001), 2, /integer/],
  ])('rejects %s with an error that names key and flags', async (_, data, flags, why) => {
    const error = await errorOf(() => read(data, flags))
    expect(error).toBeInstanceOf(MemcacheSerdeError)
    expect(error).toMatchObject({ key: 'key', flags, message: expect.stringMatching(why) })
    expect(String((error as Error).cause)).not.toContain('secret')
    expect((error as Error).message).toContain(`"key" with flags ${flags}`)
  })
})

class Counter {
  readonly #count = 1
  get count(): number {
    return this.#count
  }
}
