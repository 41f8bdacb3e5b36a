import { MockMemcacheClient } from '@mc/testing'
import { createStorage, type Storage } from 'unstorage'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { memcacheDriver } from '../../src/unstorage/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { serverBehindProxy, serverWithClients, stopDate } from '../support/servers.ts'

// unstorage does not publish its driver tests; these are the cases of its documented contract, and ours.
for (const kind of FRAMEWORK_SERVERS) {
  describe(`unstorage on ${kind.name}`, { tags: [...kind.tags] }, () => {
    async function storageOf(options: { base?: string; ttl?: number } = {}) {
      const { client } = await serverWithClients(kind, 1)
      return { client, storage: createStorage({ driver: memcacheDriver({ client, ...options }) }) }
    }

    test('has what was set, and null for the rest', async () => {
      const { storage } = await storageOf()
      expect([await storage.hasItem('s:a'), await storage.getItem('s:a')]).toEqual([false, null])
      await storage.setItem('s:a?q=1', 'text')
      expect([await storage.hasItem('s:a'), await storage.getItem('s/a?q=2')]).toEqual([
        true,
        'text',
      ])
      await storage.removeItem('s:a')
      expect([await storage.hasItem('s:a'), await storage.getItem('s:a')]).toEqual([false, null])
    })

    test('gives back falsy values, objects and what has a toJSON', async () => {
      const { storage } = await storageOf()
      const date = new Date(0)
      const values = [0, false, '', { a: [1] }, { toJSON: () => ({ b: 2 }) }, date]
      for (const [i, value] of values.entries()) await storage.setItem(`k${i}`, value)
      const read = await Promise.all(values.map((_, i) => storage.getItem(`k${i}`)))
      expect(read).toEqual([0, false, '', { a: [1] }, { b: 2 }, date.toJSON()])
    })

    test('gives back raw bytes, and an empty value', async () => {
      const { storage } = await storageOf()
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      await storage.setItemRaw('bytes', bytes)
      await storage.setItemRaw('empty', new Uint8Array())
      const [read, empty] = [await storage.getItemRaw('bytes'), await storage.getItemRaw('empty')]
      expect(Buffer.compare(read, bytes)).toBe(0)
      expect(empty).toHaveLength(0)
    })

    test('sets and gets many items, in their order', async () => {
      const { storage } = await storageOf()
      await storage.setItems([
        { key: 't:1', value: 'one' },
        { key: 't:2', value: 'two', options: { ttl: 60 } },
      ])
      expect(await storage.getItems(['t:2', { key: 't:none' }, 't:1'])).toEqual([
        { key: 't:2', value: 'two' },
        { key: 't:none', value: null },
        { key: 't:1', value: 'one' },
      ])
    })

    test('clears its base, and not another nor the rest of the server', async () => {
      const { client, storage } = await storageOf({ base: 'a' })
      const other = createStorage({ driver: memcacheDriver({ client, base: 'a:b' }) })
      await Promise.all([storage.setItem('k', 1), other.setItem('k', 2), client.set('own', 3)])
      await storage.clear()
      expect([await storage.getItem('k'), await other.getItem('k')]).toEqual([null, 2])
      expect(await client.get('own')).toBe(3)
    })

    test('clears a mount, and refuses to clear a part of one', async () => {
      const { client, storage } = await storageOf()
      storage.mount('part', memcacheDriver({ client, base: 'part' }))
      await Promise.all([storage.setItem('k', 1), storage.setItem('part:k', 2)])
      await storage.clear('part')
      expect([await storage.getItem('k'), await storage.getItem('part:k')]).toEqual([1, null])
      const { driver } = storage.getMount('k')
      await expect(driver.clear?.('other:', {})).rejects.toThrow(
        'memcached cannot list keys, so "other:" cannot be cleared alone',
      )
    })

    test('lists no keys', async () => {
      const { storage } = await storageOf()
      await storage.setItem('k', 1)
      expect(await storage.getKeys()).toEqual([])
    })

    test('takes any key and any time to live in seconds', { retry: kind.retry }, async () => {
      stopDate()
      const { storage } = await storageOf({ ttl: 60 })
      const ttls = { 'a ü\n': 0.5, ['k'.repeat(300)]: 31 * 86_400, century: 3_153_600_000, none: 0 }
      for (const [key, ttl] of Object.entries(ttls)) await storage.setItem(key, ttl, { ttl })
      for (const [key, ttl] of Object.entries(ttls)) expect(await storage.getItem(key)).toBe(ttl)
    })

    test('rejects while memcached is down, and works on when it is back', async () => {
      const { client, down } = await serverBehindProxy(kind)
      const storage = createStorage({ driver: memcacheDriver({ client }) })
      await storage.setItem('k', 1)
      const back = down()
      await expect(storage.getItem('k')).rejects.toThrow()
      await expect(storage.setItem('k', 2)).rejects.toThrow()
      await expect(storage.clear()).rejects.toThrow()
      back()
      await expect.poll(() => storage.getItem('k').catch(() => 'down')).toBe(1)
    })
  })
}

test('an item expires after its own seconds, or those of the driver', async () => {
  const client = new MockMemcacheClient<unknown>()
  const storage = createStorage({ driver: memcacheDriver({ client, ttl: 60 }) })
  await storage.setItem('k', 1)
  await storage.setItem('k', 1, { ttl: 90 })
  const sets = client.calls.filter(({ method }) => method === 'set')
  expect(sets.map(({ args }) => (args[2] as { expire: number }).expire)).toEqual([60, 90])
})

test('its type is that of a driver, and options are checked', () => {
  const client = {} as Parameters<typeof memcacheDriver>[0]['client']
  expectTypeOf(createStorage<number>).returns.toEqualTypeOf<Storage<number>>()
  expectTypeOf(memcacheDriver).returns.toExtend<
    NonNullable<NonNullable<Parameters<typeof createStorage>[0]>['driver']>
  >()
  expect(() => memcacheDriver({ client, ttl: -1 })).toThrow(RangeError)
  expect(() => memcacheDriver({ client, prefix: 'a' } as never)).toThrow(TypeError)
})
