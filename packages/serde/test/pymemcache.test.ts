import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { MemcacheIllegalInputError, MemcacheSerdeError, type Serde } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { compressedSerde, Flag, type NativeValue, nativeSerde, textSerde } from '../src/index.ts'
import { errorOf, readItem } from './round-trip.ts'

interface PythonValue {
  readonly py: string
  readonly hex?: string
  readonly json?: unknown
  readonly decimal?: string
  readonly repr?: string
  readonly describe?: string
}

interface Item {
  readonly name?: string
  readonly protocol?: number
  readonly value: PythonValue
  readonly flags: number
  readonly rawHex: string
  readonly rawLen: number
  readonly inflatedHex?: string
}

interface Vectors {
  readonly flags: Readonly<Record<string, number>>
  readonly pickleSerde_plain: readonly Item[]
  readonly pickleSerde_pickled: readonly Item[]
  readonly compressedSerde_default: readonly Item[]
  readonly compressedSerde_min49: readonly Item[]
  readonly compressedSerde_min0_disabled: readonly Item[]
  readonly compressedSerde_equalLength: { readonly flags: number; readonly rawHex: string }
  readonly edgeCases: readonly { readonly case: string; readonly result?: string }[]
  readonly noSerde: readonly {
    readonly value: string
    readonly wire: string
    readonly flags: number
  }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('./vectors/serde.json', import.meta.url), 'utf8'),
) as Vectors

/** The value as `nativeSerde` gives it; a pickle is none of its values. */
function nativeValue({ py, hex, json, decimal, describe }: PythonValue, item: Item): NativeValue {
  if (py === 'bytes') return Buffer.from(hex ?? '', 'hex')
  if (py === 'int') {
    const integer = BigInt(decimal ?? '')
    return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer
  }
  if (describe !== undefined) return Buffer.from(item.inflatedHex ?? '', 'hex').toString()
  return json as string
}

function read(serde: Serde<NativeValue>, { rawHex, flags }: { rawHex: string; flags: number }) {
  return readItem(serde, Buffer.from(rawHex, 'hex'), flags)
}

const nameOf = (item: Item) => item.name ?? JSON.stringify(item.value)
const isPickle = (item: Item) => (item.flags & Flag.pickle) !== 0

describe('an item of pymemcache without compression', () => {
  it.each(vectors.pickleSerde_plain.map((item) => [nameOf(item), item] as const))(
    '%s is read as its value, and written the same',
    async (_, item) => {
      const value = nativeValue(item.value, item)
      expect(read(nativeSerde, item)).toStrictEqual(value)
      const { data, flags } = await nativeSerde.serialize(value, 'key')
      expect(Buffer.from(data).toString('hex')).toBe(item.rawHex)
      // A bigint is written as a long, so that it comes back as one; Python reads both as int.
      expect(flags).toBe(typeof value === 'bigint' ? Flag.long : item.flags)
    },
  )

  it.each(vectors.pickleSerde_pickled.map((item) => [item.protocol, nameOf(item), item] as const))(
    'pickled by protocol %i, %s, is refused by name',
    async (_protocol, _name, item) => {
      const error = await errorOf(() => read(nativeSerde, item))
      expect(error).toBeInstanceOf(MemcacheSerdeError)
      expect(error).toMatchObject({ flags: 1, message: expect.stringMatching(/Python pickle/) })
    },
  )
})

describe.each([
  ['default', vectors.compressedSerde_default, compressedSerde(nativeSerde)],
  ['threshold 49', vectors.compressedSerde_min49, compressedSerde(nativeSerde, { minLength: 49 })],
  [
    'threshold 0',
    vectors.compressedSerde_min0_disabled,
    compressedSerde(nativeSerde, { minLength: 0 }),
  ],
])('an item of CompressedSerde, %s', (_, items, serde) => {
  it.each(items.filter((item) => !isPickle(item)).map((item) => [nameOf(item), item] as const))(
    '%s is read as its value, and compressed in the same cases',
    async (_, item) => {
      const value = nativeValue(item.value, item)
      expect(await read(serde, item)).toStrictEqual(value)
      const { data, flags } = await serde.serialize(value, 'key')
      expect(flags).toBe(typeof value === 'bigint' ? Flag.long : item.flags)
      const plain = (bytes: string | Uint8Array) =>
        item.inflatedHex === undefined ? Buffer.from(bytes) : inflateSync(bytes)
      expect(plain(data)).toEqual(plain(Buffer.from(item.rawHex, 'hex')))
    },
  )

  it('that holds a pickle is refused by name once it is decompressed', async () => {
    for (const item of items.filter(isPickle)) {
      expect(await errorOf(() => read(serde, item))).toMatchObject({
        name: 'MemcacheSerdeError',
        message: expect.stringMatching(/Python pickle/),
      })
    }
  })
})

describe('the odd cases of pymemcache', () => {
  const compressed = compressedSerde(nativeSerde)
  const refusals: Readonly<Record<string, () => unknown>> = {
    'deserialize TEXT with invalid utf8': () => read(nativeSerde, { rawHex: 'ff', flags: 16 }),
    'deserialize INTEGER with text': () => read(nativeSerde, { rawHex: '616263', flags: 2 }),
    'deserialize INTEGER empty': () => read(nativeSerde, { rawHex: '', flags: 2 }),
    'deserialize PICKLE garbage': () => read(nativeSerde, { rawHex: '00', flags: 1 }),
    'deserialize COMPRESSED garbage': () => read(compressed, { rawHex: '00ff', flags: 8 }),
    'deserialize LONG with L suffix (py2)': () =>
      read(nativeSerde, { rawHex: '3132334c', flags: 4 }),
    // Written by no program, so its digits are more likely something else.
    "deserialize INTEGER '1_000'": () => read(nativeSerde, { rawHex: '315f303030', flags: 2 }),
    // Raw bytes there; here flags that say nothing to the serde are no value.
    'flags 8 with PickleSerde': () => read(nativeSerde, { rawHex: '726177', flags: 8 }),
    'flags 32': () => read(nativeSerde, { rawHex: '726177', flags: 32 }),
    'flags 24 with PickleSerde on compressed text': () =>
      read(nativeSerde, { rawHex: '789c', flags: 24 }),
  }
  const answers: Readonly<Record<string, readonly [() => unknown, unknown]>> = {
    'deserialize LONG': [() => read(nativeSerde, { rawHex: '313233', flags: 4 }), 123n],
    "deserialize INTEGER padded '99 '": [
      () => read(nativeSerde, { rawHex: '393920', flags: 2 }),
      99,
    ],
    'flags TEXT|INTEGER': [() => read(nativeSerde, { rawHex: '35', flags: 18 }), '5'],
    'flags INTEGER|PICKLE': [() => read(nativeSerde, { rawHex: '35', flags: 3 }), 5],
    'flags 0': [() => read(nativeSerde, { rawHex: '726177', flags: 0 }), Buffer.from('raw')],
    // A TypeError there.
    'int of 401 digits with default CompressedSerde': [
      async () => (await compressed.serialize(10n ** 400n, 'key')).flags,
      Flag.long | Flag.zlib,
    ],
    // A UnicodeEncodeError there.
    'lone surrogate str': [
      async () => (await nativeSerde.serialize('\ud800', 'key')).flags,
      Flag.json,
    ],
  }

  it.each(vectors.edgeCases.map((edge) => edge.case))('%s', async (name) => {
    const answer = answers[name]
    if (answer === undefined) {
      expect(await errorOf(refusals[name] ?? expect.unreachable)).toBeInstanceOf(MemcacheSerdeError)
    } else {
      const [call, value] = answer
      expect(await call()).toStrictEqual(value)
    }
  })

  it('a compressed form that is as long as the plain one is used', async () => {
    const lengths = Array.from({ length: 30 }, (_, index) => index + 1)
    let equal = 0
    for (const length of lengths) {
      const value = 'a'.repeat(length)
      const { data, flags } = await compressedSerde(textSerde, { minLength: 1 }).serialize(
        value,
        'k',
      )
      const isCompressed = flags === (Flag.text | Flag.zlib)
      if (isCompressed && data.length === length) equal++
      expect(data.length).toBeLessThanOrEqual(length)
    }
    expect(vectors.compressedSerde_equalLength.flags).toBe(Flag.zlib)
    expect(equal).toBe(1)
  })

  it('flags have the numbers of pymemcache', () => {
    expect(vectors.flags).toEqual({
      BYTES: Flag.bytes,
      PICKLE: Flag.pickle,
      INTEGER: Flag.integer,
      LONG: Flag.long,
      COMPRESSED: Flag.zlib,
      TEXT: Flag.text,
    })
  })

  it('what a client without a serde wrote is bytes', () => {
    for (const { wire, flags } of vectors.noSerde) {
      expect(read(nativeSerde, { rawHex: wire, flags })).toEqual(Buffer.from(wire, 'hex'))
    }
  })

  it('text with a lone surrogate is no text for textSerde', () => {
    expect(() => textSerde.serialize('\ud800', 'key')).toThrow(MemcacheIllegalInputError)
  })
})
