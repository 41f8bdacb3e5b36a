import { EventEmitter, once } from 'node:events'
import fastifyCookie from '@fastify/cookie'
import fastifySession, { type FastifySessionOptions, type SessionStore } from '@fastify/session'
import fastify from 'fastify'
import { afterEach, beforeEach, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { FastifySessionStore } from '../../src/fastify-session/index.ts'
import { EMBEDDED, serverBehindProxy, serverWithClients } from '../support/servers.ts'
import { sessionRules } from '../support/session-rules.ts'

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

sessionRules('@fastify/session', (client) => visitor(new FastifySessionStore(client)))

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
  const { client, down } = await serverBehindProxy(EMBEDDED)
  const strict = await visitor(new FastifySessionStore(client))
  const onError = vi.fn()
  const passing = await visitor(new FastifySessionStore(client, { prefix: 'p:', onError }))
  await Promise.all([strict.get('/login'), passing.get('/login')])
  const up = down()
  expect([await strict.get('/user'), await passing.get('/user')]).toEqual([500, 'nobody'])
  expect(onError).toHaveBeenCalledOnce()
  up()
  await expect.poll(() => strict.get('/user')).toBe('ann')
})

test('the store is one of the framework', () => {
  expectTypeOf<FastifySessionStore>().toExtend<SessionStore>()
})
