import { Client, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient } from '@mc/protocol'
import { MemcachedServer, MockMemcacheClient, memcached, type TestServer } from '@mc/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runs } from '../../../test-support/amounts.ts'
import { FetchClient } from '../src/index.ts'
import { newKey, Source, until } from './support/fleet.ts'

/** So long that a busy machine fails no read. */
const PATIENT = { timeout: 20_000, connectTimeout: 20_000 }
const POOL = { ...PATIENT, acquireTimeout: 20_000, maxPoolSize: 5 }

const COMPOSITIONS: readonly (readonly [string, (servers: readonly string[]) => MemcacheClient])[] =
  [
    ['a pool', ([server = '']) => new PooledClient(server, POOL)],
    ['a pool in text', ([server = '']) => new PooledClient(server, { ...POOL, dialect: 'text' })],
    ['many servers', (servers) => new HashClient(servers, PATIENT)],
    [
      'pools of many servers',
      (servers) =>
        new HashClient(servers, { createClient: (server) => new PooledClient(server, POOL) }),
    ],
    ['a retrying client', ([server = '']) => retrying(new Client(server, PATIENT))],
    [
      'two fleets',
      ([server = '', old = '']) =>
        new FallbackClient([new Client(server, PATIENT), new Client(old, PATIENT)], {
          warm: { expire: 60 },
          timeout: 20_000,
        }),
    ],
    ['itself', ([server = '']) => new FetchClient(new Client(server, PATIENT))],
  ]

describe.each([
  ['embedded memcached', [], () => MemcachedServer.start()],
  ['memcached', ['memcached'], () => memcached.start()],
] as const)('%s', (_, tags, start) => {
  test.each(COMPOSITIONS)('over %s', { tags: [...tags] }, async (_name, create) => {
    const servers: TestServer[] = await Promise.all([start(), start()])
    const names = servers.map(({ name }) => name)
    const clients = [1, 2].map(
      () => new FetchClient(create(names), { expire: 60, waitTimeout: 60_000 }),
    )
    onTestFinished(async () => {
      await Promise.all(clients.map((client) => client.close()))
      await Promise.all(servers.map((server) => server.stop()))
    })
    const keys = Array.from({ length: 20 }, newKey)
    const source = new Source()
    for (let round = 1; round <= 2; round++) {
      const release = source.hold()
      const calls = clients.flatMap((client) =>
        keys.flatMap((key) => [1, 2, 3].map(() => client.fetch(key, source.load))),
      )
      await until(() => source.loads === 20 * round)
      release()
      expect(new Set(await Promise.all(calls))).toEqual(new Set([`v${round}`]))
      expect(source.loads).toBe(20 * round)
      source.version++
      await Promise.all(keys.map((key) => clients[0]?.invalidate(key)))
    }
  })
})

/** A load of `key` that has begun and is held back. */
async function begun(client: FetchClient<unknown>) {
  const source = new Source()
  const release = source.hold()
  const call = client.fetch('key', source.load)
  await until(() => source.loads === 1)
  return { source, release, call }
}

test('an item of an older fleet stands for the load, unless it is stale', async () => {
  const [fresh, old] = [new MockMemcacheClient(), new MockMemcacheClient()]
  for (const warm of [undefined, { expire: 60 }]) {
    fresh.clear()
    old.clear()
    const client = new FetchClient(new FallbackClient([fresh, old], { warm }), { expire: 60 })
    await old.set('key', 'old')
    expect(await client.fetch('key', () => 'loaded')).toBe('old')
    expect(client.fetches).toMatchObject({ hit: 1, loads: 0 })
    expect(await fresh.get('key')).toBe(warm && 'old')
    await old.set('stale', 'old')
    await old.invalidate('stale', { staleFor: 60 })
    expect(await client.fetch('stale', () => 'loaded')).toBe('loaded')
    await client.invalidate('key')
    expect(await client.fetch('key', () => 'loaded')).toBe('loaded')
  }
})

test('a lease of a server that died fills nothing on the one that stands in, nor after its return', async () => {
  const started = await Promise.all([MemcachedServer.start(), MemcachedServer.start()])
  const [stays] = started
  let [, dies] = started
  const port = dies?.port as number
  const hash = new HashClient(
    started.map(({ name }) => name),
    { retryAttempts: 0, retryTimeout: 20, deadTimeout: 20 },
  )
  const client = new FetchClient(hash, { expire: 60, waitTimeout: 50 })
  onTestFinished(async () => {
    await client.close()
    await Promise.all([stays?.stop(), dies?.stop()])
  })
  const source = new Source()
  const keys = Array.from({ length: 10 }, newKey)
  const fetchAll = () => Promise.all(keys.map((key) => client.fetch(key, source.load)))
  const invalidated = async (key: string): Promise<boolean> => {
    try {
      await client.invalidate(key)
      return true
    } catch {
      return false
    }
  }
  const change = async (): Promise<void> => {
    source.version++
    for (const key of keys) await until(() => invalidated(key))
  }
  let release = source.hold()
  let calls = fetchAll()
  await until(() => source.loads === 10)
  await dies?.stop()
  await change()
  release()
  expect(new Set(await calls)).toEqual(new Set(['v1']))
  expect(new Set(await fetchAll())).toEqual(new Set(['v2']))
  const { loads } = source
  release = source.hold()
  await change()
  calls = fetchAll()
  await until(() => source.loads === loads + 10)
  dies = await MemcachedServer.start({ port })
  await until(async () => {
    await Promise.allSettled(keys.map((key) => client.get(key)))
    return hash.servers.every(({ state }) => state === 'healthy')
  })
  await change()
  release()
  expect(new Set(await calls)).toEqual(new Set(['v3']))
  expect(new Set(await fetchAll())).toEqual(new Set(['v4']))
})

test.each(['auto', 'text'] as const)(
  'what is loaded is not stored for a placeholder that was evicted meanwhile (%s)',
  async (dialect) => {
    const server = await MemcachedServer.start({ memoryLimit: 1024 * 1024 })
    const inner = new Client(server.name, { ...PATIENT, dialect })
    const client = new FetchClient(inner, { expire: 60 })
    onTestFinished(async () => {
      await client.close()
      await server.stop()
    })
    const { source, release, call } = await begun(client)
    for (let i = 0; i < 200; i++) await inner.set(`other:${i}`, Buffer.alloc(20_000))
    release()
    expect(await call).toBe('v1')
    expect(await inner.get('key')).toBeUndefined()
    source.version = 2
    expect(await client.fetch('key', source.load)).toBe('v2')
  },
)

test.each(['auto', 'text'] as const)(
  'a lease ends with its server, whose CAS tokens begin anew (%s)',
  async (dialect) => {
    let server = await MemcachedServer.start()
    const { port } = server
    const client = new FetchClient(new Client(server.name, { dialect }), { expire: 60 })
    onTestFinished(async () => {
      await client.close()
      await server.stop()
    })
    const { source, release, call } = await begun(client)
    const { cas } = await client.lease('key', { seconds: 10 })
    await server.stop()
    server = await MemcachedServer.start({ port })
    // As many changes as the old server had seen.
    const other = new Client(server.name)
    source.version = 2
    await until(async () => {
      await other.set('key', 'v2')
      return (await other.gets('key'))?.cas === cas
    })
    release()
    expect(await call).toBe('v1')
    expect(await other.get('key')).toBe('v2')
    expect((await other.gets('key'))?.cas).toBe(cas)
    await other.close()
  },
)

test('thousands of callers of one key, and many keys, leave nothing behind', {
  tags: ['long'],
}, async () => {
  const server = await MemcachedServer.start()
  const client = new FetchClient(new Client(server.name, { timeout: 60_000 }), {
    expire: 60,
    refreshAhead: 59,
  })
  onTestFinished(async () => {
    await client.close()
    await server.stop()
  })
  let loads = 0
  const calls = Array.from({ length: runs(1000, 10_000) }, () =>
    client.fetch('key', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return ++loads
    }),
  )
  // Timers still come, while all of them wait.
  await new Promise((resolve) => setTimeout(resolve, 1))
  expect(new Set(await Promise.all(calls))).toEqual(new Set([1]))
  for (let i = 0; i < runs(2, 20); i++) {
    await Promise.all(
      Array.from({ length: 1000 }, (_, k) => client.fetch(`${i}:${k}`, () => 'value')),
    )
  }
  await until(() => client.loading === 0)
})
