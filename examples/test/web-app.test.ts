import { randomUUID } from 'node:crypto'
import { Client } from '@mc/client'
import { MemcachedServer } from '@mc/testing'
import { describe, expect, test } from 'vitest'
import { createApp } from '../web-app/app.ts'

describe('the sessions of the web application', () => {
  test('count visits, and take over no id that somebody made up', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    await using app = createApp(cache)
    const madeUp = randomUUID()
    const first = await app.inject({ url: '/visit', cookies: { session: madeUp } })
    const session = first.cookies[0]?.value ?? ''
    expect(session).not.toBe(madeUp)
    expect(first.json()).toEqual({ visits: 1 })
    const second = await app.inject({ url: '/visit', cookies: { session } })
    expect(second.json()).toEqual({ visits: 2 })
    expect(second.cookies[0]?.value).toBe(session)
  })

  test('outlive a cache that fails for a while', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    await using app = createApp(cache)
    const session = (await app.inject('/visit')).cookies[0]?.value ?? ''
    const fault = server.inject({ kind: 'error', line: 'SERVER_ERROR busy' })
    const without = await app.inject({ url: '/visit', cookies: { session } })
    expect([without.statusCode, without.cookies]).toEqual([200, []])
    fault.remove()
    const after = await app.inject({ url: '/visit', cookies: { session } })
    expect(after.json()).toEqual({ visits: 2 })
  })
})
