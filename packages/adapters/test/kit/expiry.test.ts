import { describe, expect, test } from 'vitest'
import { cacheExpire, lastingExpire } from '../../src/kit/expiry.ts'

const DAY = 86_400_000
const now = () => Date.UTC(2026, 0, 1)

describe('an expiry of milliseconds', () => {
  test('rounds up, to 2 seconds at least for a cache and a second longer for limits and sessions', () => {
    expect([1, 1000, 2001, 60_000].map((ms) => cacheExpire(ms, now))).toEqual([2, 2, 3, 60])
    expect([1, 1000, 2001, 60_000].map((ms) => lastingExpire(ms, now))).toEqual([2, 2, 4, 61])
  })

  test('is at once for 0 and less, and never for infinity', () => {
    expect([0, -1, Number.POSITIVE_INFINITY].map((ms) => cacheExpire(ms, now))).toEqual([-1, -1, 0])
  })

  test('of more than 30 days is as long as it says', () => {
    expect(cacheExpire(31 * DAY, now)).toBe(31 * 86_400)
  })

  test('past 2038, the last time that memcached can store, is never', () => {
    const left = 2_147_483_647_000 - now()
    expect(cacheExpire(left - 1000, now)).toBe(left / 1000 - 1)
    expect(cacheExpire(left, now)).toBe(0)
    expect(lastingExpire(Number.MAX_VALUE, now)).toBe(0)
  })

  test('refuses what is no number', () => {
    expect(() => cacheExpire(Number.NaN)).toThrow(RangeError)
    expect(() => cacheExpire('60' as never)).toThrow(RangeError)
  })
})
