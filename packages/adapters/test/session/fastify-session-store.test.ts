import { EventEmitter, once } from 'node:events'
import fastifyCookie from '@fastify/cookie'
import fastifySession, { type FastifySessionOptions, type SessionStore } from '@fastify/session'
import { FaultProxy, MemcachedServer } from '@mc/testing'
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
import { FastifySessionStore } from '../../src/fastify-session/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { EMBEDDED, newClient, serverWithClients } from '../support/servers.ts'

declare module 'fastify' {
  interface Session {
    user?: string
    views?: number
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A visitor of an application with sessions, who keeps the cookie. */
async function visitor(store: FastifySessionStore, options: Partial<FastifySessionOptions> = {}) {
  const slow = new EventEmitter()
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(fastifyCookie)
  const always = { secret: 's'.repeat(32), saveUninitialized: false }
  await app.register(fastifySession, { ...always, cookie: { secure: false }, ...options, store })
  app.get('/login', async ({ session }) => {
    session.user = 'ann'
    return 'in'
  })
  app.get('/user', async ({ session }) => session.user ?? 'nobody')
  app.get('/view', async ({ session }) => {
    session.views = (session.views ?? 0) + 1
    return String(session.views)
  })
  app.get('/slow', async ({ session }) => {
    session.views = 99
    slow.emit('running')
    await once(slow, 'finish')
    return 'done'
  })
  app.get('/logout', async ({ session }) => {
    await session.destroy()
    return 'out'
  })
  let cookies: Record<string, string> = {}
  const get = async (path: string) => {
    const answer = await app.inject({ url: path, cookies })
    for (const { name, value } of answer.cookies) cookies = { ...cookies, [name]: value }
    return answer.statusCode === 200 ? answer.body : answer.statusCode
  }
  return { get, slow }
}

for (const kind of FRAMEWORK_SERVERS) {
  describe(`the store of @fastify/session on ${kind.name}`, { tags: [...kind.tags] }, () => {
    test('keeps what a session holds, and forgets it at logout', async () => {
      const { client } = await serverWithClients(kind, 1)
      const { get } = await visitor(new FastifySessionStore(client))
      expect(await get('/user')).toBe('nobody')
      await get('/login')
      expect([await get('/user'), await get('/view'), await get('/view')]).toEqual([
        'ann',
        '1',
        '2',
      ])
      await get('/logout')
      expect([await get('/user'), await get('/view')]).toEqual(['nobody', '1'])
    })

    test('keeps out who has logged out while a slow request was running', async () => {
      const { client } = await serverWithClients(kind, 1)
      const { get, slow } = await visitor(new FastifySessionStore(client))
      await get('/login')
      const running = once(slow, 'running')
      const finished = get('/slow')
      await running
      await get('/logout')
      slow.emit('finish')
      expect([await finished, await get('/user')]).toEqual(['done', 'nobody'])
    })
  })
}

test('a session lives on with each request, and is over when its cookie is', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const { get } = await visitor(new FastifySessionStore(client), {
    cookie: { secure: false, maxAge: 10_000 },
  })
  await get('/login')
  for (let i = 0; i < 3; i++) {
    vi.advanceTimersByTime(9999)
    expect(await get('/user')).toBe('ann')
  }
  vi.advanceTimersByTime(10_000)
  expect(await get('/user')).toBe('nobody')
})

test('requests fail, or go on without a session, while memcached is down, and the visitor is logged in after', async () => {
  const server = await MemcachedServer.start()
  const proxy = await FaultProxy.start(server.name)
  onTestFinished(async () => {
    await proxy.stop()
    await server.stop()
  })
  const client = newClient(proxy.name)
  const strict = await visitor(new FastifySessionStore(client))
  const onError = vi.fn()
  const passing = await visitor(new FastifySessionStore(client, { prefix: 'p:', onError }))
  await Promise.all([strict.get('/login'), passing.get('/login')])
  const down = proxy.inject({ kind: 'reset', direction: 'requests' })
  expect([await strict.get('/user'), await passing.get('/user')]).toEqual([500, 'nobody'])
  expect(onError).toHaveBeenCalledOnce()
  down.remove()
  await expect.poll(() => strict.get('/user')).toBe('ann')
})

test('the store is one of the framework', () => {
  expectTypeOf<FastifySessionStore>().toExtend<SessionStore>()
})
