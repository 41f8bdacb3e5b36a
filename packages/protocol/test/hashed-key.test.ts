import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seed } from '../../../test-support/amounts.ts'
import { MemcacheIllegalInputError } from '../src/index.ts'
import { KeyEncoder } from '../src/key.ts'

const keys = new KeyEncoder({ hash: true, prefix: 'shop:' })
const hashOf = (key: string | Uint8Array) =>
  `shop:sha256:${createHash('sha256').update(key).digest('hex')}`

describe('with hashed keys', () => {
  it.each<[string, string | Uint8Array]>([
    ['one that is too long', 'k'.repeat(246)],
    ['one that is very long', 'k'.repeat(1_000_000)],
    ['one with a space', 'a b'],
    ['one with a line break', 'a\r\nflush_all'],
    ['one that is not ASCII', 'ü'],
    ['illegal bytes', Uint8Array.of(0, 255)],
    ['one that looks hashed', `sha256:${'0'.repeat(64)}`],
    ['bytes that look hashed', Buffer.from(`sha256:${'0'.repeat(64)}`)],
  ])('%s becomes its SHA-256 behind the prefix', (_, key) => {
    expect(keys.encode(key)).toBe(hashOf(key))
  })

  it.each([
    'k',
    'k'.repeat(245),
    'sha256:',
    `sha256:${'0'.repeat(63)}`,
    `sha256:${'G'.repeat(64)}`,
  ])('a legal one stays as it is: %s', (key) => {
    expect(keys.encode(key)).toBe(`shop:${key}`)
  })

  it('a pair is hashed by its second part', () => {
    const pairs = new KeyEncoder({ hash: true, prefix: 'shop:', pairs: true })
    expect(pairs.encode(['server', 'a b'])).toBe(hashOf('a b'))
  })

  it.each(['', '\ud800', 5])('what is no key remains illegal: %j', (key) => {
    expect(() => keys.encode(key as string)).toThrow(MemcacheIllegalInputError)
  })

  it('a prefix must leave room for a hash', () => {
    expect(() => new KeyEncoder({ hash: true, prefix: 'p'.repeat(179) })).not.toThrow()
    expect(() => new KeyEncoder({ hash: true, prefix: 'p'.repeat(180) })).toThrow(/179 bytes/)
    expect(() => new KeyEncoder({ hash: true, prefix: 'a b' })).toThrow(MemcacheIllegalInputError)
  })

  it('text as UTF-8 goes out as it is where the client allows that', () => {
    const unicode = new KeyEncoder({ hash: true, allowUnicode: true })
    expect(unicode.encode('ü')).toBe(Buffer.from('ü').toString('latin1'))
  })

  it('every key becomes a legal one, and no two keys the same', () => {
    const plain = new KeyEncoder()
    const key = fc.oneof(
      fc.string({ minLength: 1, maxLength: 300 }),
      fc.string({ minLength: 1, maxLength: 300 }).map((text) => keys.encode(text).slice(5)),
    )
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(plain.encode(keys.encode(a))).toBe(keys.encode(a))
        if (a !== b) expect(keys.encode(a)).not.toBe(keys.encode(b))
      }),
      { seed, numRuns: 300 },
    )
  })
})
