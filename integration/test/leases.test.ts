import { Client } from '@mc/client'
import { FetchClient } from '@mc/fetch'
import type { MemcacheClient } from '@mc/protocol'
import { MemcachedServer, memcached, type TestServer } from '@mc/testing'
import { describe, expect, onTestFinished, test } from 'vitest'

const PATIENT = { timeout: 20_000 }

/** A server with a client of each dialect. */
async function both(start: () => Promise<TestServer>) {
  const server = await start()
  const meta = new Client(server.name, PATIENT)
  const text = new Client(server.name, { ...PATIENT, dialect: 'text' })
  onTestFinished(async () => {
    await Promise.all([meta.close(), text.close()])
    await server.stop()
  })
  return { server, meta, text }
}

async function expectMiss(client: MemcacheClient, key: string): Promise<void> {
  expect(await client.get(key)).toBeUndefined()
  expect(await Promise.all([client.get(key), client.get(key)])).toEqual([undefined, undefined])
  expect(await client.gets(key)).toBeUndefined()
  expect(await client.gat(key, 100)).toBeUndefined()
  expect(await client.gats(key, 100)).toBeUndefined()
  expect(await client.getMany([key, 'none'])).toEqual(new Map())
  expect(await client.getsMany([key])).toEqual(new Map())
  expect(await client.has(key)).toBe(false)
  expect(await client.hasMany([key])).toEqual(new Set())
}

describe.each([
  ['embedded memcached', [], () => MemcachedServer.start()],
  ['embedded memcached 1.6.45', [], () => MemcachedServer.start({ version: '1.6.45' })],
  ['memcached', ['memcached'], () => memcached.start()],
] as const)('%s', (_, programs, start) => {
  const tags = [...programs]

  test('in no dialect is a placeholder, lock or nothing of the other one a value', {
    tags,
  }, async () => {
    const { meta, text } = await both(start)
    const placeholder = await meta.lease('placeholder', { seconds: 30 })
    const lock = await text.lease('lock', { seconds: 30 })
    expect([placeholder.won, lock.won]).toEqual([true, true])
    await meta.fill(await meta.lease('nothing', { seconds: 30 }), undefined)
    await text.fill(await text.lease('text-nothing', { seconds: 30 }), undefined)
    for (const client of [meta, text]) {
      for (const key of ['placeholder', 'lock', 'nothing', 'text-nothing']) {
        await expectMiss(client, key)
      }
      expect(await client.lease('placeholder', { seconds: 30 })).toMatchObject({
        kind: 'placeholder',
        won: false,
        alreadyWon: true,
      })
      expect(await client.lease('lock', { seconds: 30 })).toMatchObject({
        kind: 'placeholder',
        won: false,
        alreadyWon: true,
      })
      expect((await client.lease('nothing', { seconds: 30 })).kind).toBe('nothing')
    }
    expect(await meta.fill(placeholder, Buffer.alloc(0))).toBe(true)
    expect(await text.fill(lock, Buffer.alloc(0))).toBe(true)
    for (const client of [meta, text]) {
      expect(await client.getMany(['placeholder', 'lock'])).toEqual(
        new Map([
          ['placeholder', Buffer.alloc(0)],
          ['lock', Buffer.alloc(0)],
        ]),
      )
      expect(await client.get('lock')).toEqual(Buffer.alloc(0))
    }
  })

  test('an empty value of another client is one, where the server tells it from a placeholder', {
    tags,
  }, async () => {
    const { meta, text } = await both(start)
    await meta.rawCommand('set foreign 0 0 0\r\n')
    expect(await meta.get('foreign')).toEqual(Buffer.alloc(0))
    expect(await meta.getMany(['foreign'])).toEqual(new Map([['foreign', Buffer.alloc(0)]]))
    expect((await meta.getsMany(['foreign'])).get('foreign')?.value).toEqual(Buffer.alloc(0))
    expect(await meta.has('foreign')).toBe(true)
    await expectMiss(text, 'foreign')
  })

  test.each<[string, (client: MemcacheClient, key: string) => Promise<unknown>]>([
    ['get', (client, key) => client.get(key)],
    ['gets', (client, key) => client.gets(key)],
    ['gat', (client, key) => client.gat(key, 100)],
    ['getMany', (client, key) => client.getMany([key])],
    ['has', (client, key) => client.has(key)],
    ['hasMany', (client, key) => client.hasMany([key])],
    ['inspect', (client, key) => client.inspect(key)],
    ['cas with keepTtl', (client, key) => client.cas(key, 'value', '1', { keepTtl: true })],
  ])('%s leaves the win of a stale item to a lease', { tags }, async (_name, read) => {
    const { meta } = await both(start)
    await meta.set('key', 'old')
    await meta.invalidate('key', { staleFor: 60 })
    const before = await meta.inspect('key')
    for (let i = 0; i < 3; i++) await read(meta, 'key')
    let leased = await meta.lease('key', { seconds: 30 })
    while (!leased.won) leased = await meta.lease('key', { seconds: 30 })
    expect(leased).toMatchObject({ stale: true, value: 'old' })
    // Once it is won, reads change nothing any more.
    await read(meta, 'key')
    await meta.version()
    expect(await meta.fill(leased, 'new', { expire: 60 })).toBe(true)
    expect(before?.stale).toBe(true)
  })

  test('what is won for a caller who has given up goes to the next one', { tags }, async () => {
    const { meta, text } = await both(start)
    await meta.set('stale', 'old')
    await meta.invalidate('stale', { staleFor: 60 })
    for (const [client, key] of [
      [meta, 'missing'],
      [meta, 'stale'],
      [text, 'in-text'],
    ] as const) {
      await client.version()
      const controller = new AbortController()
      const call = client.lease(key, { seconds: 60, signal: controller.signal })
      const outcome = call.catch((error: unknown) => error)
      // It has been written, and its reply cannot have been read.
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort('enough')
      expect(await outcome).toBe('enough')
      let leased = await client.lease(key, { seconds: 60 })
      while (!leased.won) leased = await client.lease(key, { seconds: 60 })
      expect(await client.fill(leased, 'new')).toBe(true)
    }
  })

  test('a lease that the server gave before its connection was lost fills nothing, unless it has a number of the client', {
    tags,
  }, async () => {
    const { server, meta } = await both(start)
    const leased = await meta.lease('key', { seconds: 30 })
    const isNumbered = (leased.cas ?? '').length === 19
    const dropping = new Client(server.name, PATIENT)
    const lost = await dropping.lease('lost', { seconds: 30 })
    await dropping.quit()
    expect(await dropping.fill(lost, 'value')).toBe(isNumbered ? true : undefined)
    await dropping.close()
    expect(await meta.fill(leased, 'value')).toBe(true)
  })
})

test('a server without CAS tokens stores what is loaded', { tags: ['memcached'] }, async () => {
  const { meta, text } = await both(() => memcached.start({ args: ['-C'] }))
  for (const client of [meta, text]) {
    const cache = new FetchClient<unknown>(client, { expire: 60 })
    const key = client === meta ? 'meta' : 'text'
    let loads = 0
    const load = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return ++loads
    }
    const values = await Promise.all(Array.from({ length: 20 }, () => cache.fetch(key, load)))
    expect(new Set(values)).toEqual(new Set([1]))
    expect(await cache.fetch(key, load)).toBe(1)
    expect(await cache.invalidate(key, { staleFor: 10 })).toBe(true)
    await cache.invalidate(key)
    expect(await cache.fetch(key, load)).toBe(2)
  }
})
