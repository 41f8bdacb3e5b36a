import { configurationEndpoint, ElastiCacheHashClient } from '@mc/aws-ec'
import { Client, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { FetchClient } from '@mc/fetch'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient } from '@mc/protocol'
import { ConfigurationEndpointServer, MockMemcacheClient, memcached } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPython } from '../src/python.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const LONG = 'k'.repeat(300)
const KEYS = [LONG, 'a b', 'legal', 'ü']
const [TCP = expect.unreachable()] = TRANSPORTS
const options = { hashKeys: true, keyPrefix: 'p:', timeout: 10_000 }

describe.each(KINDS)('on %s memcached', (kind) => {
  let server: RunningServer
  let endpoint: ConfigurationEndpointServer
  beforeAll(async () => {
    server = await startServer(kind, TCP)
    const port = Number(server.name.split(':').at(-1))
    const node = { host: 'node.test', ip: '127.0.0.1', port }
    endpoint = await ConfigurationEndpointServer.start({ nodes: [node] })
  })
  afterAll(async () => {
    await server?.stop()
    await endpoint?.stop()
  })

  const clients: [string, () => MemcacheClient][] = [
    ['Client', () => new Client(server.name, options)],
    ['PooledClient', () => new PooledClient(server.name, options)],
    ['HashClient', () => new HashClient([server.name], options)],
    [
      'ElastiCacheHashClient',
      () => new ElastiCacheHashClient(configurationEndpoint(endpoint.name), options),
    ],
    ['MockMemcacheClient', () => new MockMemcacheClient(options)],
    ['FallbackClient', () => new FallbackClient([new Client(server.name, options)])],
    ['retrying', () => retrying(new Client(server.name, options), { attempts: 2 })],
  ]
  test.each(clients)(
    '%s stores and finds keys that are hashed, under the names that the caller has',
    needsOf(kind),
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

  test('FetchClient loads a key that is hashed once', needsOf(kind), async () => {
    const client = new FetchClient(new Client(server.name, options))
    let loads = 0
    for (let i = 0; i < 2; i++) {
      expect(await client.fetch(`${LONG} fetched`, () => ++loads, { expire: 100 })).toBe(1)
    }
    await client.close()
  })

  test('they are illegal without the option', needsOf(kind), async () => {
    const client = new Client(server.name)
    for (const key of [LONG, 'a b', 'ü']) {
      await expect(client.get(key)).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
    }
    await client.close()
  })
})

const tags = ['memcached', 'pymemcache']
test('long keys are where pymemcache looks for their SHA-256', { tags }, async () => {
  const servers = await Promise.all([1, 2, 3].map(() => memcached.start()))
  const names = servers.map(({ name }) => name)
  const client = new HashClient(names, { hashKeys: true })
  const entries = Array.from({ length: 100 }, (_, i) => [`${i}`.repeat(251), i] as const)
  expect(await client.setMany(entries)).toEqual([])
  expect(await runPython('hashed_keys.py', ...names)).toEqual(entries.map(([, i]) => i))
  await client.close()
  await Promise.all(servers.map((server) => server.stop()))
})
