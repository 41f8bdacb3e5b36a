import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { MemcachedServer } from '@mc/testing'
import express from 'express'
import { type Store as ExpressStore, rateLimit } from 'express-rate-limit'
import { Hono } from 'hono'
import { type Store as HonoStore, rateLimiter } from 'hono-rate-limiter'
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
import { MemcacheRateLimitStore } from '../../src/rate-limit/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { EMBEDDED, serverBehindProxy, serverWithClients } from '../support/servers.ts'

const MONTHS = 90 * 86_400_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What an Express application with the limiter answers to requests one after another: status and what remains. */
async function serve(limiter: express.RequestHandler) {
  const app = express().use(limiter)
  app.get('/', (_request, response) => response.send('ok'))
  app.get('/fails', (_request, response) => response.status(500).send('no'))
  app.use(((error, _request, response, _next) => {
    response.status(503).send(String(error.message))
  }) satisfies express.ErrorRequestHandler)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return async (path = '/') => {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { connection: 'close' },
    })
    return [status, headers.get('ratelimit-remaining')]
  }
}

function newStore(...args: ConstructorParameters<typeof MemcacheRateLimitStore>) {
  const store = new MemcacheRateLimitStore(...args)
  store.init({ windowMs: 1000 })
  return store
}

for (const kind of FRAMEWORK_SERVERS) {
  describe(`the store of rate limits on ${kind.name}`, {
    tags: [...kind.tags],
    retry: kind.retry,
  }, () => {
    test('limits requests of Express until the window is over, to the millisecond', async () => {
      const { client } = await serverWithClients(kind, 1)
      const store = new MemcacheRateLimitStore(client)
      const get = await serve(rateLimit({ store, windowMs: 700, limit: 2, standardHeaders: true }))
      expect([await get(), await get(), await get()]).toEqual([
        [200, '1'],
        [200, '0'],
        [429, '0'],
      ])
      vi.advanceTimersByTime(699)
      expect(await get()).toEqual([429, '0'])
      vi.advanceTimersByTime(1)
      expect(await get()).toEqual([200, '1'])
    })

    test('limits requests of Hono', async () => {
      const { client } = await serverWithClients(kind, 1)
      const store = new MemcacheRateLimitStore(client)
      const app = new Hono()
      app.use(rateLimiter({ store, windowMs: 700, limit: 1, keyGenerator: () => 'visitor' }))
      app.get('/', (context) => context.text('ok'))
      const get = async () => (await app.request('/')).status
      expect([await get(), await get()]).toEqual([200, 429])
      vi.advanceTimersByTime(700)
      expect(await get()).toBe(200)
    })

    test('says when the window ends, also past 30 days', async () => {
      const { client } = await serverWithClients(kind, 1)
      const store = newStore(client)
      store.init({ windowMs: MONTHS })
      const resetTime = new Date(Date.now() + MONTHS)
      expect(await store.increment('k')).toEqual({ totalHits: 1, resetTime })
      vi.advanceTimersByTime(5)
      expect(await store.increment('k')).toEqual({ totalHits: 2, resetTime })
      expect(await store.get('k')).toEqual({ totalHits: 2, resetTime })
    })

    test('takes hits back, down to none', async () => {
      const { client } = await serverWithClients(kind, 1)
      const store = newStore(client)
      await store.decrement('k')
      expect(await store.get('k')).toBeUndefined()
      await store.increment('k')
      await store.decrement('k')
      await store.decrement('k')
      expect(await store.increment('k')).toMatchObject({ totalHits: 1 })
      await store.resetKey('k')
      expect(await store.increment('k')).toMatchObject({ totalHits: 1 })
    })

    test('counts visitors by any key, and limiters of other prefixes apart', async () => {
      const { client } = await serverWithClients(kind, 1)
      const [a, b] = [newStore(client, { prefix: 'a:' }), newStore(client, { prefix: 'b:' })]
      const keys = ['::1', 'x y', 'x\r\nflush_all', 'ü', '', 'k'.repeat(300), `${'k'.repeat(300)}l`]
      for (const key of keys) expect(await a.increment(key)).toMatchObject({ totalHits: 1 })
      for (const key of keys) expect(await b.increment(key)).toMatchObject({ totalHits: 1 })
    })
  })
}

test('a window of a machine whose clock is fast is not longer', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const store = newStore(client)
  const now = Date.now()
  vi.setSystemTime(now + 30_000)
  await store.increment('k')
  vi.setSystemTime(now)
  expect(await store.increment('k')).toEqual({ totalHits: 2, resetTime: new Date(now + 1000) })
})

test('a hit is one command', async () => {
  const { server, client } = await serverWithClients(EMBEDDED, 1)
  const store = newStore(client)
  await store.increment('k')
  const before = (server as MemcachedServer).commandCount()
  for (let i = 0; i < 10; i++) await store.increment('k')
  expect((server as MemcachedServer).commandCount() - before).toBe(10)
})

test('requests pass without a limit, or fail, while memcached is down, and are limited again after', async () => {
  const { client, down } = await serverBehindProxy(EMBEDDED)
  const limits = { windowMs: 60_000, limit: 1, standardHeaders: true }
  const logger = { error: vi.fn(), warn: vi.fn() }
  const passing = await serve(
    rateLimit({
      ...limits,
      store: new MemcacheRateLimitStore(client),
      passOnStoreError: true,
      logger,
    }),
  )
  const strict = await serve(
    rateLimit({ ...limits, store: new MemcacheRateLimitStore(client, { prefix: 'strict:' }) }),
  )
  expect([await passing(), await strict()]).toEqual([
    [200, '0'],
    [200, '0'],
  ])
  const up = down()
  expect([await passing(), await strict()]).toEqual([
    [200, null],
    [503, null],
  ])
  expect(logger.error).toHaveBeenCalledOnce()
  up()
  await expect.poll(passing).toEqual([429, '0'])
  await expect.poll(strict).toEqual([429, '0'])
})

test('failed requests do not count where they are skipped', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const store = new MemcacheRateLimitStore(client)
  const get = await serve(
    rateLimit({
      store,
      windowMs: 60_000,
      limit: 5,
      skipFailedRequests: true,
      standardHeaders: true,
    }),
  )
  await get('/fails')
  await expect.poll(() => store.get('127.0.0.1')).toMatchObject({ totalHits: 0 })
  expect(await get()).toEqual([200, '4'])
})

test('the store says what is wrong with its options', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  expect(() => new MemcacheRateLimitStore(client, { prefix: 'a b' })).toThrow(RangeError)
  expect(() => new MemcacheRateLimitStore(client, { prefx: 'a' } as never)).toThrow('prefix')
  expect(() => newStore(client).init({ windowMs: 0 })).toThrow(RangeError)
  await expect(new MemcacheRateLimitStore(client).increment('k')).rejects.toThrow('init')
})

test('the store is one of both frameworks', () => {
  expectTypeOf<MemcacheRateLimitStore>().toExtend<ExpressStore>()
  expectTypeOf<MemcacheRateLimitStore>().toExtend<HonoStore>()
})
