import type { MemcachedServer } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SessionItems, type StoredSession } from '../../src/session/session-items.ts'
import {
  EMBEDDED,
  newClient,
  SERVERS,
  serverBehindProxy,
  serverWithClients,
} from '../support/servers.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A session whose cookie expires in so many milliseconds. */
function session(maxAge: number | null, data: object = {}): StoredSession {
  const expires = maxAge === null ? null : new Date(Date.now() + maxAge)
  return { ...data, cookie: { originalMaxAge: maxAge, expires } }
}

for (const kind of SERVERS) {
  describe(`sessions on ${kind.name}`, { tags: [...kind.tags] }, () => {
    test('are read as they were stored, under any id', async () => {
      const { client } = await serverWithClients(kind, 1)
      const items = new SessionItems(client, {})
      const ids = ['id', 'a b', 'x\r\nflush_all', 'ü', '', 'k'.repeat(300), `${'k'.repeat(300)}l`]
      for (const id of ids) await items.set(id, session(null, { id, deep: [{ a: null }] }))
      for (const id of ids) {
        expect(await items.get(id)).toMatchObject({ id, deep: [{ a: null }] })
      }
      expect(await items.get('another')).toBeUndefined()
    })

    test('keep what another request stored when they are touched', async () => {
      const { client } = await serverWithClients(kind, 1)
      const items = new SessionItems(client, {})
      await items.set('id', session(60_000, { cart: 1 }))
      const read = (await items.get('id')) as StoredSession
      await items.set('id', session(60_000, { cart: 2 }))
      await items.touch('id', read)
      expect(await items.get('id')).toMatchObject({ cart: 2 })
    })

    test('do not come back once they are destroyed: not touched, not saved', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const [here, there] = clients.map((client) => new SessionItems(client, {})) as [
        SessionItems,
        SessionItems,
      ]
      await here.set('id', session(60_000))
      const read = (await here.get('id')) as StoredSession
      await there.destroy('id')
      await here.touch('id', read)
      expect(await here.get('id')).toBeUndefined()
      await here.set('id', read)
      expect(await here.get('id')).toBeUndefined()
    })

    test('are made again if memcached has evicted them', async () => {
      const { client } = await serverWithClients(kind, 1)
      const items = new SessionItems(client, {})
      await items.set('id', session(60_000, { cart: 1 }))
      await client.delete('session:id')
      await items.set('id', session(60_000, { cart: 2 }))
      expect(await items.get('id')).toMatchObject({ cart: 2 })
    })

    test('are saved by two requests at once', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const saved = clients.map((client, cart) =>
        new SessionItems(client, {}).set('id', session(null, { cart })),
      )
      await Promise.all(saved)
      expect(await new SessionItems(clients[0] as never, {}).get('id')).toHaveProperty('cart')
    })
  })
}

/** What is left of a session's item, in seconds. */
async function ttlOf(maxAge: number | null, ttl?: number): Promise<number | undefined> {
  const { client } = await serverWithClients(EMBEDDED, 1)
  await new SessionItems(client, { ttl }).set('id', session(maxAge))
  return (await client.inspect('session:id'))?.ttl
}

test.each([
  ['an hour', 3_600_000, 3601],
  ['a fraction of a second', 1500, 3],
  ['three months', 90 * 86_400_000, 90 * 86_400 + 1],
  ['longer than memcached knows', 1e13, Number.POSITIVE_INFINITY],
])('a session of %s lives so long and a second more', async (_, maxAge, seconds) => {
  expect(await ttlOf(maxAge)).toBe(seconds)
})

test('a session without an expiry lives for a day, or for the ttl of the options', async () => {
  expect([await ttlOf(null), await ttlOf(null, 5000)]).toEqual([86_401, 6])
})

test('a session is over when its cookie is, to the millisecond, although memcached keeps it longer', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const items = new SessionItems(client, {})
  await items.set('id', session(500))
  vi.advanceTimersByTime(500)
  expect(await items.get('id')).toBeUndefined()
  expect(await client.get('session:id')).toBeUndefined()
})

test('a session that was touched is read with its later expiry', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const items = new SessionItems(client, {})
  await items.set('id', session(10_000))
  vi.advanceTimersByTime(9000)
  await items.touch('id', session(10_000))
  vi.advanceTimersByTime(3000)
  const read = (await items.get('id')) as StoredSession
  const left = new Date(read.cookie?.expires as Date).getTime() - Date.now()
  expect(left).toBe(7000)
  vi.advanceTimersByTime(8500)
  expect(await items.get('id')).toBeUndefined()
})

test('a session of a server without meta commands is read with an expiry in the future', async () => {
  const { server } = await serverWithClients(EMBEDDED, 0)
  const items = new SessionItems(newClient(server.name, { dialect: 'text' }), {})
  await items.set('id', session(10_000))
  vi.advanceTimersByTime(9000)
  await items.touch('id', session(10_000))
  vi.advanceTimersByTime(3000)
  const read = (await items.get('id')) as StoredSession
  expect(new Date(read.cookie?.expires as Date).getTime()).toBe(Date.now() + 10_000)
})

test('a touch is one command and sends no data', async () => {
  const { server, client } = await serverWithClients(EMBEDDED, 1)
  const items = new SessionItems(client, {})
  await items.set('id', session(10_000))
  const before = (server as MemcachedServer).commandCount()
  await items.touch('id', session(10_000))
  expect((server as MemcachedServer).commandCount() - before).toBe(1)
  expect((server as MemcachedServer).commandCount('touch')).toBe(1)
})

describe('while memcached is down', () => {
  async function outage(options: ConstructorParameters<typeof SessionItems>[1]) {
    const { client, down } = await serverBehindProxy(EMBEDDED)
    const items = new SessionItems(client, options)
    await items.set('id', session(60_000, { cart: 1 }))
    return { items, up: down() }
  }

  test('requests fail, and have their sessions again after', async () => {
    const { items, up } = await outage({})
    await expect(items.get('id')).rejects.toThrow()
    await expect(items.set('id', session(60_000))).rejects.toThrow()
    await expect(items.touch('id', session(60_000))).rejects.toThrow()
    await expect(items.destroy('id')).rejects.toThrow()
    up()
    await expect.poll(() => items.get('id').catch(() => undefined)).toMatchObject({ cart: 1 })
  })

  test('requests go on without sessions where the option says so, but none is destroyed in silence', async () => {
    const onError = vi.fn()
    const { items, up } = await outage({ onError })
    expect(await items.get('id')).toBeUndefined()
    await items.set('id', session(60_000))
    await items.touch('id', session(60_000))
    expect(onError).toHaveBeenCalledTimes(3)
    await expect(items.destroy('id')).rejects.toThrow()
    expect(onError).toHaveBeenCalledTimes(3)
    up()
    await expect.poll(() => items.get('id')).toMatchObject({ cart: 1 })
  })
})

test('a session is not destroyed by a client that ignores failures', async () => {
  const client = { maxKeyLength: 250, set: async () => false }
  const destroyed = new SessionItems(client as never, {}).destroy('id')
  await expect(destroyed).rejects.toThrow('the session cannot be destroyed: session:id')
})

test('an item that is no session is an error, not a session', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const items = new SessionItems(client, {})
  for (const item of ['text', '1', 'null', 7]) {
    await client.set('session:id', item)
    await expect(items.get('id')).rejects.toThrow('the item is not a session: session:id')
  }
  await client.set('session:id', Buffer.from('{"cart":1}'))
  expect(await items.get('id')).toEqual({ cart: 1 })
})

test('a session that cannot be written rejects', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const items = new SessionItems(client, {})
  await expect(items.set('id', session(null, { big: 1n }))).rejects.toThrow(TypeError)
  await expect(items.set('id', session(null, { big: 'x'.repeat(2 ** 20) }))).rejects.toThrow(
    'too large',
  )
})

test('the options are checked', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  expect(() => new SessionItems(client, { prefix: 'a b' })).toThrow(RangeError)
  expect(() => new SessionItems(client, { ttl: 0 })).toThrow(RangeError)
  expect(() => new SessionItems(client, { onError: true as never })).toThrow(TypeError)
  expect(() => new SessionItems(client, { tl: 5 } as never)).toThrow('did you mean ttl?')
})
