import { MemcacheConnectError } from '@mc/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Backoff } from '../src/index.ts'

let now = 0
afterEach(() => {
  vi.restoreAllMocks()
})

const FAILURE = new MemcacheConnectError('refused')

/** How long the wait that begins now lasts, in milliseconds. */
function waitAfterFailure(backoff: Backoff): number {
  backoff.failed(FAILURE)
  const start = now
  while (backoff.failure !== undefined) now += 0.5
  return now - start
}

describe('the wait between failed attempts', () => {
  test('doubles up to its limit, a quarter more or less, and begins anew after a success', () => {
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const backoff = new Backoff({ initial: 100, max: 450 })
    for (const expected of [100, 200, 400, 450, 450]) {
      const wait = waitAfterFailure(backoff)
      expect(wait).toBeGreaterThanOrEqual(expected * 0.75)
      expect(wait).toBeLessThanOrEqual(expected * 1.25 + 0.5)
    }
    backoff.succeeded()
    expect(backoff.failure).toBeUndefined()
    expect(waitAfterFailure(backoff)).toBeLessThanOrEqual(126)
  })

  test('is spread, so that a thousand clients do not come back in one moment', () => {
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const tenths = new Map<number, number>()
    for (let i = 0; i < 1000; i++) {
      const wait = waitAfterFailure(new Backoff({ initial: 100 }))
      const tenth = Math.floor((wait - 75) / 5)
      tenths.set(tenth, (tenths.get(tenth) ?? 0) + 1)
    }
    for (let tenth = 0; tenth < 10; tenth++) expect(tenths.get(tenth)).toBeGreaterThan(40)
  })

  test('is not made longer by failures of attempts that were under way together', () => {
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const backoff = new Backoff({ initial: 100, max: 10_000 })
    for (let i = 0; i < 20; i++) backoff.failed(FAILURE)
    expect(waitAfterFailure(backoff)).toBeLessThanOrEqual(126)
  })
})
