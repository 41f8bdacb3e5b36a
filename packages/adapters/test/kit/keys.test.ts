import { KeyEncoder } from '@mc/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../../../test-support/amounts.ts'
import { Keys } from '../../src/kit/keys.ts'
import { anyText } from '../support/any-text.ts'

const keys = new Keys('p:', 250)

describe('Keys', () => {
  test('leaves a legal key readable', () => {
    expect(keys.key('user:1')).toBe('p:user:1')
  })

  test.each([
    ['empty', ''],
    ['with a space', 'a b'],
    ['with a line end', 'a\r\nflush_all'],
    ['not ASCII', 'grüße'],
    ['longer than memcached takes', 'k'.repeat(249)],
  ])('hashes a key that is %s', (_, key) => {
    expect(keys.key(key)).toMatch(/^p:sha256-[\w-]{43}$/)
  })

  test('hashes a key that fits without the prefix alone', () => {
    expect(keys.key('k'.repeat(248))).toBe(`p:${'k'.repeat(248)}`)
    expect(new Keys('p:', 240).key('k'.repeat(248))).toMatch(/^p:sha256-/)
  })

  test('hashes a key that is the hash of another', () => {
    const hashed = keys.key('a b').slice(2)
    expect(keys.key(hashed)).not.toBe(keys.key('a b'))
  })

  test('keeps keys apart that differ in a lone surrogate', () => {
    expect(keys.key('\ud800')).not.toBe(keys.key('\ud801'))
  })

  test('makes legal keys of any two strings, and different ones', () => {
    const encoder = new KeyEncoder()
    const property = fc.property(anyText, anyText, (a, b) => {
      encoder.encode(keys.key(a))
      expect(keys.key(a) === keys.key(b)).toBe(a === b)
    })
    fc.assert(property, { seed, numRuns: runs(100, 10_000) })
  })

  test('refuses a prefix that memcached does not take or that leaves no room', () => {
    expect(() => new Keys('a b', 250)).toThrow(
      new RangeError(
        'prefix must be a string of printable ASCII without spaces, at most 200 characters long, got "a b"',
      ),
    )
    expect(() => new Keys('p'.repeat(201), 250, 'keyPrefix')).toThrow(/^keyPrefix must be/)
    expect(() => new Keys(1 as never, 250)).toThrow(TypeError)
  })
})
