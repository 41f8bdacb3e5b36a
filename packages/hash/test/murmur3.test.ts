import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codePoint } from '../../../test-support/code-points.ts'
import { murmur3_32 } from '../src/index.ts'
import { referenceMurmur3 } from './reference-murmur3.ts'
import { hashVectors } from './vectors.ts'

const anySeed = fc.integer({ min: 0, max: 0xffffffff })

describe('murmur3_32', () => {
  it.each(hashVectors.murmur3.ascii)(
    'hashes the ASCII text "$s" as pymemcache does',
    ({ s, h }) => {
      for (const [seed, hash] of Object.entries(h)) {
        expect(murmur3_32(s, Number(seed))).toBe(hash)
        expect(murmur3_32(Buffer.from(s), Number(seed))).toBe(hash)
      }
    },
  )

  it.each(hashVectors.murmur3.nonAscii)(
    'hashes "$s" by the low byte of each code point',
    ({ s, h, effectiveBytesHex }) => {
      for (const [seed, hash] of Object.entries(h)) {
        expect(murmur3_32(s, Number(seed))).toBe(hash)
        expect(murmur3_32(Buffer.from(effectiveBytesHex, 'hex'), Number(seed))).toBe(hash)
      }
    },
  )

  it('takes 0 as its seed when none is given', () => {
    expect(murmur3_32('6666')).toBe(1361238019)
    expect(murmur3_32('6666', 10)).toBe(2981722772)
  })

  it('agrees with a reference implementation on any text and seed', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), anySeed, (text, seed) => {
        expect(murmur3_32(text, seed)).toBe(referenceMurmur3(text, seed))
      }),
    )
  })

  it('agrees with it on text of any length with something in it that is not ASCII, or without', () => {
    for (let length = 0; length <= 300; length++) {
      const ascii = 'The quick brown fox. '.repeat(15).slice(0, length)
      for (const text of [
        ascii,
        `é${ascii}`,
        `${ascii}é`,
        `${ascii}😀`,
        `${ascii}é${'.'.repeat(9)}`,
      ]) {
        expect(murmur3_32(text)).toBe(referenceMurmur3(text, 0))
      }
    }
  })

  it('agrees with the reference implementation on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), anySeed, (bytes, seed) => {
        const text = Buffer.from(bytes).toString('latin1')
        expect(murmur3_32(bytes, seed)).toBe(referenceMurmur3(text, seed))
      }),
    )
  })

  it('takes a lone surrogate as one code point', () => {
    for (const text of ['\ud83d', '\ude00', 'a\ud83db', '\ude00\ud83d']) {
      expect(murmur3_32(text)).toBe(referenceMurmur3(text, 0))
    }
  })
})
