import rateLimit, {
  type FastifyRateLimitStoreCtor,
  type RateLimitPluginOptions,
} from '@fastify/rate-limit'
import fastify from 'fastify'
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  expectTypeOf,
  onTestFinished,
  test,
  vi,
} from 'vitest'
import {
  type FastifyLimits,
  type FastifyRateLimitStoreClass,
  fastifyRateLimitStore,
} from '../../src/rate-limit/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { EMBEDDED, serverBehindProxy, serverWithClients } from '../support/servers.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** An application with the limits: its statuses, seconds to wait, and what remains without counting. */
async function serve(limits: RateLimitPluginOptions) {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(rateLimit, { max: 2, timeWindow: 700, ...limits })
  const own = { config: { rateLimit: { max: 1, timeWindow: 700 } } }
  app.get('/', async () => 'ok')
  app.get('/a', own, async () => 'ok')
  app.get('/b', own, async () => 'ok')
  const checkLimit = app.createRateLimit()
  app.get('/peek', { config: { rateLimit: false } }, async (request) => {
    const limit = await checkLimit(request, { increment: false })
    return 'remaining' in limit ? limit.remaining : undefined
  })
  return {
    get: async (url = '/') => (await app.inject(url)).statusCode,
    wait: async () => Number((await app.inject('/')).headers['x-ratelimit-reset']),
    peek: async () => Number((await app.inject('/peek')).body),
  }
}

for (const kind of FRAMEWORK_SERVERS) {
  describe(`the store of Fastify's rate limits on ${kind.name}`, {
    tags: [...kind.tags],
    retry: kind.retry,
  }, () => {
    test('limits requests until the window is over, to the millisecond', async () => {
      const { client } = await serverWithClients(kind, 1)
      const { get, wait } = await serve({ store: fastifyRateLimitStore(client) })
      expect([await get(), await get(), await get(), await wait()]).toEqual([200, 200, 429, 1])
      vi.advanceTimersByTime(699)
      expect(await get()).toBe(429)
      vi.advanceTimersByTime(1)
      expect(await get()).toBe(200)
    })

    test('counts routes with limits of their own apart', async () => {
      const { client } = await serverWithClients(kind, 1)
      const { get } = await serve({ store: fastifyRateLimitStore(client) })
      expect([await get('/a'), await get('/b'), await get('/a')]).toEqual([200, 200, 429])
    })

    test('shows what remains without counting', async () => {
      const { client } = await serverWithClients(kind, 1)
      const { get, peek } = await serve({ store: fastifyRateLimitStore(client) })
      expect(await peek()).toBe(2)
      await get()
      expect([await peek(), await peek()]).toEqual([1, 1])
    })

    test('begins the window anew with each request that is too many, where that is asked for', async () => {
      const { client } = await serverWithClients(kind, 1)
      const store = fastifyRateLimitStore(client)
      const { get } = await serve({ store, max: 1, continueExceeding: true })
      await get()
      for (let i = 0; i < 3; i++) {
        vi.advanceTimersByTime(600)
        expect(await get()).toBe(429)
      }
      vi.advanceTimersByTime(700)
      expect(await get()).toBe(200)
    })

    test('doubles the wait with each request that is too many, where that is asked for', async () => {
      const { client } = await serverWithClients(kind, 1)
      const store = fastifyRateLimitStore(client)
      const limits = { store, max: 1, timeWindow: 10_000, exponentialBackoff: true }
      const { wait } = await serve(limits)
      expect([await wait(), await wait(), await wait(), await wait()]).toEqual([10, 10, 20, 40])
    })

    test('counts requests at once', async () => {
      const { client } = await serverWithClients(kind, 1)
      const { get } = await serve({ store: fastifyRateLimitStore(client), max: 7 })
      const statuses = await Promise.all(Array.from({ length: 20 }, () => get()))
      expect(statuses.filter((status) => status === 200)).toHaveLength(7)
    })
  })
}

test('requests pass without a limit, or fail, while memcached is down, and are limited again after', async () => {
  const { client, down } = await serverBehindProxy(EMBEDDED)
  const limits = { max: 1, timeWindow: 60_000 }
  const store = fastifyRateLimitStore(client)
  const passing = await serve({ ...limits, store, skipOnError: true })
  const other = fastifyRateLimitStore(client, { prefix: 'strict:' })
  const strict = await serve({ ...limits, store: other })
  expect([await passing.get(), await strict.get()]).toEqual([200, 200])
  const up = down()
  expect([await passing.get(), await strict.get()]).toEqual([200, 500])
  up()
  await expect.poll(passing.get).toBe(429)
  await expect.poll(strict.get).toBe(429)
})

/** A store, by promises. */
async function direct(limits: FastifyLimits) {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const store = new (fastifyRateLimitStore(client))(limits)
  const call = (method: 'incr' | 'read') =>
    new Promise((resolve, reject) => {
      store[method]('k', (error, hits) => (error ? reject(error) : resolve(hits)), 1000, 1)
    })
  return { incr: () => call('incr'), read: () => call('read') }
}

test('a window of a machine whose clock is fast is not longer', async () => {
  const { incr } = await direct({})
  const now = Date.now()
  vi.setSystemTime(now + 30_000)
  await incr()
  vi.setSystemTime(now)
  expect(await incr()).toEqual({ current: 2, ttl: 1000 })
})

test('a wait that was doubled is shown', async () => {
  const { incr, read } = await direct({ exponentialBackoff: true })
  expect(await read()).toEqual({ current: 0, ttl: 0 })
  for (let i = 0; i < 3; i++) await incr()
  expect(await read()).toEqual({ current: 3, ttl: 2000 })
})

test('the store is one that the plugin takes', () => {
  expectTypeOf<FastifyRateLimitStoreClass>().toExtend<FastifyRateLimitStoreCtor>()
})
