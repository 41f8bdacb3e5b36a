import { type Cache, cachified } from '@epic-web/cachified'
import { MockMemcacheClient } from '@mc/testing'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import { CachifiedMemcache } from '../../src/cachified/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { serverBehindProxy, serverWithClients, stopDate } from '../support/servers.ts'

for (const kind of FRAMEWORK_SERVERS) {
  describe(`cachified on ${kind.name}`, { tags: [...kind.tags] }, () => {
    test('has a value made once, in all processes', async () => {
      const { clients } = await serverWithClients(kind, 2)
      const load = vi.fn(async () => ({ id: 1 }))
      for (const client of clients) {
        const cache = new CachifiedMemcache(client)
        expect(await cachified({ cache, key: 'user', getFreshValue: load, ttl: 60_000 })).toEqual({
          id: 1,
        })
      }
      expect(load).toHaveBeenCalledTimes(1)
    })

    test.each([0, false, '', null])('gives back %j', async (value) => {
      const { client } = await serverWithClients(kind, 1)
      const load = vi.fn(() => value)
      const call = { cache: new CachifiedMemcache(client), key: 'k', getFreshValue: load }
      expect([await cachified(call), await cachified(call)]).toEqual([value, value])
      expect(load).toHaveBeenCalledTimes(1)
    })

    test('takes any key and any time to live', { retry: kind.retry }, async () => {
      stopDate()
      const { client } = await serverWithClients(kind, 1)
      const cache = new CachifiedMemcache(client)
      const load = vi.fn(() => 1)
      for (const ttl of [900, 31 * 86_400_000, 4e12, Number.POSITIVE_INFINITY]) {
        const call = { cache, key: `a ü\n${ttl}`.repeat(60), getFreshValue: load, ttl }
        await cachified(call)
        await cachified(call)
      }
      expect(load).toHaveBeenCalledTimes(4)
    })

    test('keeps a stale value until the end of its stale time, and makes the next meanwhile', async () => {
      const { client } = await serverWithClients(kind, 1)
      const cache = new CachifiedMemcache(client)
      const createdTime = Date.now() - 1500
      await cache.set('k', { value: 'old', metadata: { createdTime, ttl: 1000, swr: 60_000 } })
      const call = { cache, key: 'k', getFreshValue: () => 'new', ttl: 60_000, swr: 60_000 }
      expect(await cachified(call)).toBe('old')
      await expect.poll(() => cachified(call)).toBe('new')
    })

    test('makes the value while memcached is down, and reads it again when it is back', async () => {
      const { client, down } = await serverBehindProxy(kind)
      const cache = new CachifiedMemcache(client)
      await cachified({ cache, key: 'k', getFreshValue: () => 'stored' })
      const back = down()
      const reported: string[] = []
      const report = () => (event: { name: string }) => reported.push(event.name)
      expect(await cachified({ cache, key: 'k', getFreshValue: () => 'made' }, report)).toBe('made')
      expect(reported).toContain('writeFreshValueError')
      back()
      await expect.poll(() => cache.get('k')).toMatchObject({ value: 'stored' })
    })
  })
}

test('an entry expires when it is of no more use', async () => {
  const client = new MockMemcacheClient<unknown>()
  const cache = new CachifiedMemcache(client, { prefix: '' })
  const createdTime = Date.now()
  const set = (key: string, metadata: object) =>
    cache.set(key, { value: 1, metadata: { createdTime, ...metadata } })
  await set('both', { ttl: 10_000, swr: 5000 })
  await set('older name', { ttl: 10_000, swv: 5000 })
  await set('no end', { ttl: null })
  await set('stale without end', { ttl: 10_000, swr: null })
  await set('past', { ttl: -10_000 })
  const expires = client.calls.map(({ args }) => (args[2] as { expire: number }).expire)
  expect(expires).toEqual([15, 15, 0, 0, -1])
})

test('its type is that of a cache, and options are checked', () => {
  const client = new MockMemcacheClient<unknown>()
  expectTypeOf<CachifiedMemcache>().toExtend<Cache>()
  expect(() => new CachifiedMemcache(client, { prefix: 'a b' })).toThrow(RangeError)
  expect(() => new CachifiedMemcache(client, { ttl: 1 } as never)).toThrow(TypeError)
})
