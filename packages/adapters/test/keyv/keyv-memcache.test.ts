import { KeyvAdapter } from '@apollo/utils.keyvadapter'
import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { structuredSerde } from '@mc/serde'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import { Keyv as Keyv6 } from 'keyv6'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { isLong } from '../../../../test-support/amounts.ts'
import { KeyvMemcache } from '../../src/keyv/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import {
  EMBEDDED,
  newClient,
  serverBehindProxy,
  serverWithClients,
  stopDate,
} from '../support/servers.ts'

const KEYVS = { 'Keyv 5': Keyv, 'Keyv 6': Keyv6 as unknown as typeof Keyv }
const DAY = 86_400_000
/** The options of both versions. */
const UNSERIALIZED = {
  serialize: undefined,
  deserialize: undefined,
  serialization: false,
} as object

for (const [version, AnyKeyv] of Object.entries(KEYVS)) {
  for (const kind of FRAMEWORK_SERVERS) {
    describe(`${version} on ${kind.name}`, { tags: [...kind.tags] }, () => {
      async function keyvOf(namespace: string) {
        const { server, client } = await serverWithClients(kind, 1)
        const keyv = new AnyKeyv({ store: new KeyvMemcache(client), namespace })
        return { server, client, keyv }
      }

      test('clears one namespace, and not the rest of the server', async () => {
        const { client, keyv } = await keyvOf('a')
        const other = new AnyKeyv({ store: new KeyvMemcache(client), namespace: 'a:b' })
        await Promise.all([keyv.set('k', 1), other.set('k', 2), client.set('own', 3)])
        await keyv.clear()
        expect([await keyv.get('k'), await other.get('k'), await client.get('own')]).toEqual([
          undefined,
          2,
          3,
        ])
      })

      test('takes any key', async () => {
        const { keyv } = await keyvOf('any')
        const keys = ['a b', 'ü'.repeat(300), 'get x\r\nflush_all', '\ud800', '\ud801', '__proto__']
        await Promise.all(keys.map((key, i) => keyv.set(key, i)))
        expect(await keyv.get(keys)).toEqual([0, 1, 2, 3, 4, 5])
        expect(await keyv.delete(keys[1] as string)).toBe(true)
        expect(await keyv.get(keys)).toEqual([0, undefined, 2, 3, 4, 5])
      })

      test('keeps a value for as long as its time to live says', {
        retry: kind.retry,
      }, async () => {
        stopDate()
        const { keyv } = await keyvOf('ttl')
        const ttls = { short: 500, month: 31 * DAY, century: 36_500 * DAY }
        for (const [key, ttl] of Object.entries(ttls)) await keyv.set(key, key, ttl)
        expect(await keyv.get(Object.keys(ttls))).toEqual(Object.keys(ttls))
      })

      test('gives back falsy values and bytes', async () => {
        const { keyv } = await keyvOf('values')
        const values = [0, false, '', null, Buffer.from([0, 255])]
        for (const [i, value] of values.entries()) await keyv.set(`k${i}`, value)
        const read = await keyv.get(values.map((_, i) => `k${i}`))
        expect(read.slice(0, 4)).toEqual(values.slice(0, 4))
        expect(Buffer.compare(read[4] as Buffer, values[4] as Buffer)).toBe(0)
      })

      test('without the serialisation of Keyv, values are stored by that of the client', async () => {
        const { server } = await serverWithClients(kind, 1)
        const client = newClient(server.name, { ...kind.options, serde: structuredSerde as never })
        const keyv = new AnyKeyv({ store: new KeyvMemcache(client), ...UNSERIALIZED })
        const values = [0, false, '', null, new Map([[1, new Date(0)]]), { a: [new Set([1])] }]
        for (const [i, value] of values.entries()) await keyv.set(`k${i}`, value, 60_000)
        const keys = values.map((_, i) => `k${i}`)
        expect(await keyv.get(keys)).toEqual(values)
        expect(await keyv.get('k4')).toEqual(values[4])
      })

      test('misses with one error event while memcached is down, and works on when it is back', async () => {
        const { client, down } = await serverBehindProxy(kind)
        const keyv = new AnyKeyv({ store: new KeyvMemcache(client), namespace: 'down' })
        const errors: unknown[] = []
        keyv.on('error', (error: unknown) => errors.push(error))
        await keyv.set('k', 1)
        const back = down()
        expect(await keyv.get('k')).toBeUndefined()
        expect(await keyv.get(['k', 'l'])).toEqual([undefined, undefined])
        expect(await keyv.has('k')).toBe(false)
        expect(await keyv.set('k', 2)).toBe(false)
        expect(await keyv.delete('k')).toBe(false)
        await keyv.clear()
        expect(errors).toHaveLength(6)
        back()
        await expect.poll(() => keyv.get('k')).toBe(1)
      })
    })
  }

  test(`${version}: Keyvs of two namespaces cannot share an adapter, and one may change its own`, () => {
    const client = new MockMemcacheClient<unknown>()
    const store = new KeyvMemcache(client)
    new AnyKeyv({ store, namespace: 'a' })
    expect(() => new AnyKeyv({ store, namespace: 'b' })).toThrow(
      'a KeyvMemcache must have one Keyv, its namespaces are a, b',
    )
    const keyv = new AnyKeyv({ store: new KeyvMemcache(client) })
    keyv.namespace = 'a'
    expect(keyv.namespace).toBe('a')
  })
}

test('a server of many down, what the others have is read', async () => {
  const servers = await Promise.all([1, 2].map(() => MemcachedServer.start()))
  const client = new HashClient(servers.map(({ name }) => name))
  onTestFinished(async () => {
    await client.close()
    await Promise.all(servers.map((server) => server.stop()))
  })
  const keyv = new Keyv({ store: new KeyvMemcache(client, { staleFor: 60_000 }) })
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
  await Promise.all(keys.map((key) => keyv.set(key, key)))
  await servers[0]?.stop()
  const errors: unknown[] = []
  keyv.on('error', (error) => errors.push(error))
  const found = (await keyv.get(keys)).filter((value) => value !== undefined)
  expect(found.length).toBeGreaterThan(0)
  expect(found.length).toBeLessThan(20)
  expect(errors).toHaveLength(1)
})

test('the frameworks on Keyv take it', async () => {
  const { client } = await serverWithClients(EMBEDDED, 1)
  const keyv = () => new Keyv({ store: new KeyvMemcache(client) })

  const manager = createCache({ stores: [keyv()], ttl: 60_000 })
  expect(await manager.wrap('a', async () => 1)).toBe(1)
  expect(await manager.get('a')).toBe(1)

  const cacheable = new Cacheable({ secondary: keyv(), namespace: 'second' })
  await cacheable.set('a', 2, '1m')
  await cacheable.primary.clear()
  expect(await cacheable.get('a')).toBe(2)

  // Apollo's types are those of Keyv's other module format.
  const gql = new Keyv({ store: new KeyvMemcache(client), namespace: 'gql' }) as never
  const apollo = new KeyvAdapter<string>(gql)
  await apollo.set('a', 'three', { ttl: 60 })
  expect(await apollo.get('a')).toBe('three')
})

// Nest takes seconds to load.
if (isLong)
  for (const kind of FRAMEWORK_SERVERS) {
    test(`Nest on ${kind.name} caches over HTTP, goes on while memcached is down, and caches again`, {
      tags: ['long', ...kind.tags],
      timeout: 120_000,
    }, async () => {
      const { nestApplication } = await import('../support/nest-application.ts')
      const { client, down } = await serverBehindProxy(kind)
      const { get, put, errors } = await nestApplication(new KeyvMemcache(client))
      expect(await get('/things/a')).toEqual({ value: null })
      expect(await put('/things/a?value=tea')).toBe(200)
      expect(await get('/things/a')).toEqual({ value: 'tea' })
      for (const _ of [1, 2]) expect(await get('/slow')).toEqual({ handled: 1 })
      expect(errors).toEqual([])
      const back = down()
      expect(await get('/things/a')).toEqual({ value: null })
      expect(await get('/slow')).toEqual({ handled: 2 })
      expect(errors.length).toBeGreaterThan(0)
      back()
      await expect.poll(() => get('/things/a')).toEqual({ value: 'tea' })
      expect(await get('/slow')).toEqual({ handled: 1 })
    })
  }

test('its type is that of a storage adapter, and options are checked', () => {
  const client = new Client('localhost')
  expectTypeOf<KeyvMemcache>().toExtend<
    Pick<KeyvStoreAdapter, 'get' | 'set' | 'delete' | 'clear'>
  >()
  const keyv = new Keyv<number>({ store: new KeyvMemcache(client) })
  expectTypeOf(keyv.get('k')).resolves.toEqualTypeOf<number | undefined>()
  expect(() => new KeyvMemcache(client, { stale: 1 } as never)).toThrow(TypeError)
})
