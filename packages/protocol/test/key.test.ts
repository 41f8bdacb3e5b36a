import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codePoint } from '../../../test-support/code-points.ts'
import {
  itemKey,
  type Key,
  KeyEncoder,
  MAX_KEY_LENGTH,
  MemcacheIllegalInputError,
} from '../src/index.ts'
import { routedKey, wireKeyBytes } from '../src/toolkit.ts'

const plain = new KeyEncoder()
const unicode = new KeyEncoder({ allowUnicode: true })

function encodeAnything(key: unknown) {
  return plain.encode(key as Key)
}

const legalBytes = fc
  .array(
    fc.integer({ min: 0x21, max: 0xff }).filter((byte) => byte !== 0x7f),
    { minLength: 1, maxLength: MAX_KEY_LENGTH },
  )
  .map((bytes) => Uint8Array.from(bytes))

describe('a byte of a key', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte)
  const illegal = bytes.filter((byte) => byte <= 0x20 || byte === 0x7f)

  it.each(illegal)('%i is refused wherever it stands', (byte) => {
    const long = new Array<number>(20).fill(0x61)
    const places = [[byte], [byte, 0x61], [0x61, byte], [0x61, byte, 0x61]]
    for (const key of [...places, [byte, ...long], [...long, byte], [...long, byte, ...long]]) {
      expect(() => plain.encode(Uint8Array.from(key))).toThrow(MemcacheIllegalInputError)
      expect(() => plain.encode(String.fromCharCode(...key))).toThrow(MemcacheIllegalInputError)
      expect(() => unicode.encode(String.fromCharCode(...key))).toThrow(MemcacheIllegalInputError)
    }
  })

  it('is legal in every other value, sent as it is', () => {
    for (const byte of bytes.filter((byte) => !illegal.includes(byte))) {
      expect(wireKeyBytes(plain.encode(Uint8Array.of(byte)))).toEqual(Buffer.of(byte))
    }
    for (const byte of bytes.filter((byte) => !illegal.includes(byte) && byte < 0x7f)) {
      for (const key of [
        String.fromCharCode(byte),
        `${'a'.repeat(20)}${String.fromCharCode(byte)}`,
      ]) {
        expect(plain.encode(key)).toBe(key)
      }
    }
  })

  it.each([
    [0x00, 'null'],
    [0x09, 'whitespace (TAB)'],
    [0x0a, 'whitespace (LF)'],
    [0x0b, 'whitespace (VT)'],
    [0x0c, 'whitespace (FF)'],
    [0x0d, 'whitespace (CR)'],
    [0x20, 'whitespace (space)'],
    [0x01, 'control byte 0x01'],
    [0x7f, 'control byte 0x7f'],
  ])('%i is named in the refusal', (byte, name) => {
    expect(() => plain.encode(Uint8Array.of(0x61, byte))).toThrow(name)
  })
})

describe('a key', () => {
  it('that is only whitespace is refused, so that no command can hide in it', () => {
    for (const key of [' ', '\t \n', '\r\n', '\r\nflush_all\r\n']) {
      expect(() => plain.encode(key)).toThrow('whitespace')
    }
  })

  it('that is empty is refused, with and without a prefix, as text and as bytes', () => {
    for (const encoder of [plain, unicode, new KeyEncoder({ prefix: 'p:' })]) {
      expect(() => encoder.encode('')).toThrow('empty')
      expect(() => encoder.encode(new Uint8Array())).toThrow('empty')
    }
    const pairs = new KeyEncoder({ pairs: true })
    expect(() => pairs.encode(['route', ''])).toThrow('empty')
  })

  it('may be a pair of the own packages everywhere', () => {
    expect(plain.encode(routedKey('route', 'key'))).toBe('key')
  })

  it('may be a pair where pairs are taken, and is refused elsewhere with what to write instead', () => {
    expect(new KeyEncoder({ pairs: true, prefix: 'p:' }).encode(['route', 'key'])).toBe('p:key')
    for (const several of [['a', 'b'], ['a', 'b', 'c'], []] as unknown as [string, string][]) {
      expect(() => plain.encode(several)).toThrow(
        `got an array of ${several.length}: getMany reads several keys; a pair [routingKey, key] needs`,
      )
    }
  })

  it('may have 250 bytes with its prefix and no more', () => {
    const prefixed = new KeyEncoder({ prefix: 'p'.repeat(100) })
    expect(plain.encode('k'.repeat(250))).toHaveLength(250)
    expect(prefixed.encode('k'.repeat(150))).toHaveLength(250)
    expect(unicode.encode('é'.repeat(125))).toHaveLength(250)
    for (const refused of [
      () => plain.encode('k'.repeat(251)),
      () => plain.encode(new Uint8Array(251).fill(0x61)),
      () => prefixed.encode('k'.repeat(151)),
      () => prefixed.encode(new Uint8Array(151).fill(0x61)),
      () => unicode.encode(`${'é'.repeat(125)}x`),
      () => unicode.encode('é'.repeat(1_000_000)),
    ]) {
      expect(refused).toThrow(/too long/)
    }
  })

  it('is checked for what it is, then its length, ASCII and characters, in this order', () => {
    expect(() => encodeAnything(['a', 'é', 'b'])).toThrow('got an array of 3')
    expect(() => plain.encode(`é ${'k'.repeat(300)}`)).toThrow('too long')
    expect(() => plain.encode('é ')).toThrow('non-ASCII')
    expect(() => plain.encode(` \0${'k'.repeat(300)}`)).toThrow('too long')
    expect(() => plain.encode('\0 ')).toThrow('null')
    expect(() => plain.encode(' \0')).toThrow('whitespace')
  })

  it.each([null, undefined, 5, true, 5n, {}, [], ['a'], ['a', 5], [5, 'a'], ['a', ['b', 'c']]])(
    'cannot be %o',
    (key) => {
      expect(() => encodeAnything(key)).toThrow(MemcacheIllegalInputError)
    },
  )

  it('with characters outside ASCII needs allowUnicode, and goes out as UTF-8', () => {
    for (const key of ['é', 'キー', '😀', '\u0085', '\u00a0', '\u2003', 'a\u0080']) {
      expect(() => plain.encode(key)).toThrow('non-ASCII')
      expect(wireKeyBytes(unicode.encode(key))).toEqual(Buffer.from(key))
    }
  })

  it.each(['\ud800', 'a\udc00', '\udc00\ud800', '\ud83d\ude00\ud83d'])(
    'with a lone surrogate is refused: %j',
    (key) => {
      expect(() => unicode.encode(key)).toThrow('lone surrogate')
      expect(() => plain.encode(key)).toThrow('non-ASCII')
    },
  )

  it('is the second part of a pair, whatever its first part is', () => {
    const pairs = new KeyEncoder({ pairs: true })
    expect(pairs.encode(['route me by é', 'key'])).toBe('key')
    expect(pairs.encode([Uint8Array.of(0), Uint8Array.of(0x61)])).toBe('a')
    expect(itemKey(['route', 'key'])).toBe('key')
    expect(itemKey('key')).toBe('key')
  })

  it('comes back byte for byte from its wire form', () => {
    fc.assert(
      fc.property(legalBytes, (bytes) => {
        expect(wireKeyBytes(plain.encode(bytes))).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('is the same as text and as the bytes of that text', () => {
    const text = fc.string({ unit: codePoint, minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(text, (key) => {
        let wire: string | undefined
        try {
          wire = unicode.encode(key)
        } catch (error) {
          expect(error).toBeInstanceOf(MemcacheIllegalInputError)
        }
        const bytes = Buffer.from(key)
        if (wire === undefined) expect(() => unicode.encode(bytes)).toThrow()
        else expect(unicode.encode(bytes)).toBe(wire)
      }),
    )
  })

  it('that is a view of a larger buffer takes only the bytes of the view', () => {
    expect(plain.encode(Buffer.from('--key--').subarray(2, 5))).toBe('key')
  })
})

describe('a key prefix', () => {
  it('goes in front of text and bytes', () => {
    fc.assert(
      fc.property(legalBytes, legalBytes, (prefix, key) => {
        fc.pre(prefix.length + key.length <= MAX_KEY_LENGTH)
        const wire = new KeyEncoder({ prefix }).encode(key)
        expect(wireKeyBytes(wire)).toEqual(Buffer.concat([prefix, key]))
      }),
    )
    expect(new KeyEncoder({ prefix: 'p:' }).encode('key')).toBe('p:key')
    expect(new KeyEncoder({ prefix: 'é:', allowUnicode: true }).encode('k')).toBe(
      Buffer.from('é:k').toString('latin1'),
    )
    expect(new KeyEncoder({ prefix: '' }).encode('key')).toBe('key')
  })

  it.each([' ', 'a b', 'p\n', 'é', 'p'.repeat(250), 'p'.repeat(251)])(
    'is refused at construction where it makes every key illegal: %j',
    (prefix) => {
      expect(() => new KeyEncoder({ prefix })).toThrow(MemcacheIllegalInputError)
    },
  )

  it('may be 249 bytes long', () => {
    expect(new KeyEncoder({ prefix: 'p'.repeat(249) }).encode('k')).toHaveLength(250)
  })
})

it('a key of 50 MB is refused before anything is made of it', () => {
  const keys = new KeyEncoder({ prefix: 'app:', allowUnicode: true })
  for (const key of [
    'k'.repeat(50_000_000),
    'é'.repeat(50_000_000),
    Buffer.alloc(50_000_000, 'k'),
  ]) {
    // V8 keeps what is repeated as a tree until it is read.
    if (typeof key === 'string') key.charCodeAt(1)
    const before = memory()
    expect(() => keys.encode(key)).toThrow('key is too long: 50000000 ')
    expect(memory() - before).toBeLessThan(10_000_000)
  }
})

function memory(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
