import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { MemcachedServer } from '@mc/testing'
import express from 'express'
import session, { type SessionOptions, type Store } from 'express-session'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { ExpressSessionStore } from '../../src/session/index.ts'
import { EMBEDDED, serverBehindProxy, serverWithClients } from '../support/servers.ts'
import { sessionRules } from '../support/session-rules.ts'

declare module 'express-session' {
  interface SessionData {
    user: string
    views: number
  }
}

function newApp(store: ExpressSessionStore, options: Partial<SessionOptions>, slow: EventEmitter) {
  const always = { secret: 's', resave: false, saveUninitialized: false }
  const app = express().use(session({ ...always, ...options, store }))
  app.get('/login', (request, response) => {
    request.session.user = 'ann'
    response.send('in')
  })
  app.get('/user', (request, response) => void response.send(request.session.user ?? 'nobody'))
  app.get('/view', (request, response) => {
    request.session.views = (request.session.views ?? 0) + 1
    response.send(String(request.session.views))
  })
  app.get('/slow', (request, response) => {
    request.session.views = 99
    slow.once('finish', () => response.send('done'))
    slow.emit('running')
  })
  app.get('/logout', (request, response) => {
    request.session.destroy((error) => void response.status(error ? 503 : 200).send('out'))
  })
  app.use(((error, _request, response, _next) => {
    response.status(503).send(String(error.message))
  }) satisfies express.ErrorRequestHandler)
  return app
}

/** A visitor of an application with sessions, who keeps the cookie. */
async function visitor(store: ExpressSessionStore, options: Partial<SessionOptions> = {}) {
  const slow = new EventEmitter()
  const server = newApp(store, options, slow).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  let cookie = ''
  const get = async (path: string) => {
    const headers = { connection: 'close', cookie }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    const text = await response.text()
    return response.ok ? text : response.status
  }
  return { get, slow }
}

sessionRules('express-session', (client) =>
  visitor(new ExpressSessionStore(client), { cookie: { maxAge: 60_000 } }),
)

test('a request that changes nothing touches the session, and stores nothing', async () => {
  const { server, client } = await serverWithClients(EMBEDDED, 1)
  const { get } = await visitor(new ExpressSessionStore(client), { cookie: { maxAge: 60_000 } })
  await get('/login')
  const { commandCount } = server as MemcachedServer
  const counts = () => [
    commandCount.call(server, 'touch'),
    commandCount.call(server, ['set', 'add', 'replace']),
  ]
  const [touches, stores] = counts() as [number, number]
  await get('/user')
  expect(counts()).toEqual([touches + 1, stores])
})

test('requests fail, or go on without a session, while memcached is down, and the visitor is logged in after', async () => {
  const { client, down } = await serverBehindProxy(EMBEDDED)
  const strict = await visitor(new ExpressSessionStore(client))
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const passing = await visitor(new ExpressSessionStore(client, { prefix: 'p:', onError }))
  await Promise.all([strict.get('/login'), passing.get('/login')])
  const up = down()
  expect([await strict.get('/user'), await passing.get('/user')]).toEqual([503, 'nobody'])
  expect(errors).toHaveLength(1)
  up()
  await expect.poll(() => strict.get('/user')).toBe('ann')
  await expect.poll(() => passing.get('/user')).toBe('ann')
})

test('the store is one of the framework', () => {
  expectTypeOf<ExpressSessionStore>().toExtend<Store>()
})
