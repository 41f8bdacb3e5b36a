import {
  RateLimiterMemory,
  RateLimiterRes,
  type RateLimiterStoreAbstract,
} from 'rate-limiter-flexible'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import {
  MemcacheRateLimiter,
  type MemcacheRateLimiterOptions,
} from '../../src/rate-limiter-flexible/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { EMBEDDED, serverBehindProxy, serverWithClients } from '../support/servers.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What was consumed and how long to wait, whether it was allowed or not. */
async function points(answer: Promise<RateLimiterRes>) {
  const { consumedPoints, msBeforeNext } = await answer.catch((refused) => {
    if (refused instanceof RateLimiterRes) return refused
    throw refused
  })
  return [consumedPoints, msBeforeNext]
}

for (const kind of FRAMEWORK_SERVERS) {
  describe(`a limiter of rate-limiter-flexible on ${kind.name}`, {
    tags: [...kind.tags],
    retry: kind.retry,
  }, () => {
    async function limiter(options: Partial<MemcacheRateLimiterOptions> = {}) {
      const { client } = await serverWithClients(kind, 1)
      return new MemcacheRateLimiter({ storeClient: client, points: 2, duration: 0.7, ...options })
    }

    test('allows as many points as it has, until the duration is over, to the millisecond', async () => {
      const limited = await limiter()
      expect(await limited.consume('k')).toMatchObject({
        remainingPoints: 1,
        isFirstInDuration: true,
      })
      expect(await limited.consume('k')).toMatchObject({
        remainingPoints: 0,
        isFirstInDuration: false,
      })
      vi.advanceTimersByTime(699)
      await expect(limited.consume('k')).rejects.toMatchObject({
        consumedPoints: 3,
        msBeforeNext: 1,
      })
      vi.advanceTimersByTime(1)
      expect(await points(limited.consume('k', 2))).toEqual([2, 700])
    })

    test('counts 100 first points at once from 1 to 100', async () => {
      const limited = await limiter({ points: 100 })
      const answers = await Promise.all(Array.from({ length: 100 }, () => limited.consume('k')))
      const consumed = answers.map((answer) => answer.consumedPoints).sort((a, b) => a - b)
      expect(consumed).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    })

    test('takes penalties and rewards, below none as well', async () => {
      const limited = await limiter()
      expect(await points(limited.reward('k', 3))).toEqual([-3, 700])
      expect(await points(limited.penalty('k', 4))).toEqual([1, 700])
      expect(await points(limited.consume('k'))).toEqual([2, 700])
    })

    test('blocks a key for longer than its duration', async () => {
      const limited = await limiter({ points: 1, blockDuration: 0.9 })
      await limited.consume('k')
      expect(await points(limited.consume('k'))).toEqual([2, 900])
      vi.advanceTimersByTime(899)
      expect(await points(limited.consume('k'))).toEqual([3, 1])
      vi.advanceTimersByTime(1)
      expect(await points(limited.consume('k'))).toEqual([1, 700])
      await limited.block('k', 90 * 86_400)
      expect(await points(limited.consume('k'))).toEqual([3, 90 * 86_400_000])
    })

    test('sets, reads and deletes points of any key', async () => {
      const limited = await limiter()
      const keys = ['a b', 'x\r\nflush_all', 'ü', 'k'.repeat(300), `${'k'.repeat(300)}l`, '']
      for (const [index, key] of keys.entries()) {
        expect(await limited.get(key)).toBeNull()
        await limited.set(key, index, 0.5)
        expect(await points(limited.get(key) as Promise<RateLimiterRes>)).toEqual([index, 500])
      }
      for (const key of keys) expect(await limited.delete(key)).toBe(true)
      for (const key of keys)
        expect([await limited.get(key), await limited.delete(key)]).toEqual([null, false])
    })

    test('never forgets points without a duration', async () => {
      const limited = await limiter({ duration: 0 })
      expect(await points(limited.consume('k'))).toEqual([1, -1])
      vi.advanceTimersByTime(1e11)
      expect(await points(limited.consume('k'))).toEqual([2, -1])
    })
  })
}

test('the insurance limiter takes over while memcached is down, and gives back', async () => {
  const { client, down } = await serverBehindProxy(EMBEDDED)
  const options = { storeClient: client, points: 10, duration: 60 }
  const strict = new MemcacheRateLimiter(options)
  const insuranceLimiter = new RateLimiterMemory({ points: 5, duration: 60 })
  const insured = new MemcacheRateLimiter({ ...options, insuranceLimiter })
  expect(await insured.consume('k', 4)).toMatchObject({ consumedPoints: 4 })
  const up = down()
  expect(await insured.consume('k')).toMatchObject({ consumedPoints: 1, remainingPoints: 4 })
  await expect(strict.consume('k')).rejects.toThrow(/reset|closed|ECONN/i)
  up()
  await expect.poll(() => strict.get('k').catch(() => null)).toMatchObject({ consumedPoints: 4 })
  expect(await insured.consume('k')).toMatchObject({ consumedPoints: 5 })
})

test('a limiter says which points it cannot count', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const limited = new MemcacheRateLimiter({ storeClient: client, points: 5, duration: 60 })
  await expect(limited.consume('k', 0.5)).rejects.toThrow('must be an integer from')
  await expect(limited.consume('k', 1e9)).rejects.toThrow(RangeError)
  expect(
    () => new MemcacheRateLimiter({ storeClient: undefined as never, points: 1, duration: 1 }),
  ).toThrow('storeClient is not set')
})

test('a limiter is one of the framework, for memcached clients alone', () => {
  expectTypeOf<MemcacheRateLimiter>().toExtend<RateLimiterStoreAbstract>()
  expectTypeOf<object>().not.toExtend<MemcacheRateLimiterOptions['storeClient']>()
})
