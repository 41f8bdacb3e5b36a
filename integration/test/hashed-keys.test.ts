import { Client, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

const LONG = 'k'.repeat(300)
const KEYS = [LONG, 'a b', 'legal', 'ü']

let server: MemcachedServer
beforeAll(async () => {
  server = await MemcachedServer.start()
})
afterAll(() => server.stop())

const address = () => `127.0.0.1:${server.port}`
const options = { hashKeys: true, keyPrefix: 'p:' }

test.each([
  ['Client', () => new Client(address(), options)],
  ['PooledClient', () => new PooledClient(address(), options)],
  ['HashClient', () => new HashClient([address()], options)],
  ['MockMemcacheClient', () => new MockMemcacheClient(options)],
  ['FallbackClient', () => new FallbackClient([new Client(address(), options)])],
  ['retrying', () => retrying(new Client(address(), options), { attempts: 2 })],
])(
  '%s stores and finds keys that are hashed, under the names that the caller has',
  async (_, create) => {
    const client = create()
    expect(await client.setMany(KEYS.map((key) => [key, `of ${key}`] as const))).toEqual([])
    expect(await client.getMany(KEYS)).toEqual(new Map(KEYS.map((key) => [key, `of ${key}`])))
    expect(await client.get(LONG)).toBe(`of ${LONG}`)
    expect(await client.add('a b', 'x')).toBe(false)
    expect(await client.append('a b', '!')).toBe(true)
    expect(await client.gat('a b', 100)).toBe('of a b!')
    expect(await client.has('a b')).toBe(true)
    expect(await client.touch('a b', 100)).toBe(true)
    expect(await client.delete(LONG)).toBe(true)
    expect(await client.get(LONG)).toBeUndefined()
    await client.close()
  },
)
