import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs, seed } from '../../../../test-support/amounts.ts'
import { MAX_HITS, packWindow, unpackWindow } from '../../src/rate-limit/packed-window.ts'

const anyEnd = fc.oneof(
  fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2054, 0, 1) }),
  fc.constant(Number.POSITIVE_INFINITY),
)
const anyHits = fc.integer({ min: -MAX_HITS, max: MAX_HITS })

test('a window is one number of 64 bits, to which hits can be added', () => {
  const property = fc.property(anyEnd, anyHits, anyHits, (end, hits, more) => {
    const packed = packWindow({ end, hits })
    expect(BigInt.asUintN(64, packed)).toBe(packed)
    expect(unpackWindow(packed + BigInt(more))).toEqual({ end, hits: hits + more })
  })
  fc.assert(property, { seed, numRuns: runs(100, 10_000) })
})

test('an end that no number holds is none', () => {
  const window = { end: Date.UTC(2100, 0, 1), hits: 1 }
  expect(unpackWindow(packWindow(window)).end).toBe(Number.POSITIVE_INFINITY)
})
