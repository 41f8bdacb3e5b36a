import { isDeepStrictEqual } from 'node:util'
import { Client, retrying } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient, MetaGetOptions } from '@mc/protocol'
import { MemcacheTimeoutError, MemcacheUnsupportedError } from '@mc/protocol'
import { MemcachedServer, MockMemcacheClient, memcached } from '@mc/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../test-support/amounts.ts'

const FIELDS = ['value', 'cas', 'ttl', 'size', 'flags', 'idle', 'isFetched'] as const
const LEASE = ['alreadyWon', 'stale', 'won']

const metaGetOptions: fc.Arbitrary<MetaGetOptions> = fc.record(
  {
    ...Object.fromEntries(FIELDS.map((name) => [name, fc.boolean()])),
    touch: fc.constantFrom(0, 60, -1, 3_000_000),
    vivify: fc.constantFrom(0, 30),
    recache: fc.constantFrom(0, 30, 2_147_483_647),
    peek: fc.boolean(),
  },
  { requiredKeys: [] },
)

test('metaGet answers exactly the fields that it is asked for, with any options', async () => {
  await fc.assert(
    fc.asyncProperty(metaGetOptions, fc.boolean(), async (options, isThere) => {
      const mock = new MockMemcacheClient()
      if (isThere) await mock.set('key', 'value', { expire: 100 })
      const item = await mock.metaGet('key', options)
      if (!isThere && options.vivify === undefined) {
        expect(item).toBeUndefined()
        return
      }
      const asked = FIELDS.filter((name) => options[name] === true)
      expect(Object.keys(item ?? {}).sort()).toEqual([...asked, ...LEASE].sort())
      if (options.value === true) expect(item?.value).toBe(isThere ? 'value' : undefined)
    }),
    { numRuns: runs(300, 20_000), seed },
  )
})

describe('a counter made by its first hit', () => {
  const all = Array.from({ length: 100 }, (_, i) => i + 1)

  /** The counts that a hundred hits at once get, by four clients. */
  async function hit(names: readonly string[], dialect: 'meta' | 'text'): Promise<number[]> {
    const clients: MemcacheClient[] = [
      new HashClient(names, { dialect }),
      new HashClient(names, { createClient: (it) => new PooledClient(it, { dialect }) }),
      retrying(new HashClient(names, { dialect })),
      new HashClient(names, { dialect }),
    ]
    const hits = all.map((i) => clients[i % 4]?.incr('hits', 1, { initial: 1, expire: 1 }))
    const counts = (await Promise.all(hits)).map(Number)
    await Promise.all(clients.map((client) => client.close()))
    return counts.sort((a, b) => a - b)
  }

  test.each(['meta', 'text'] as const)(
    'is 1 to 100 for a hundred at once, from four clients of three servers, in %s',
    async (dialect) => {
      // It lives for less than a second on a clock that goes on.
      const now = () => 1_800_000_000_000
      const servers = await Promise.all([1, 2, 3].map(() => MemcachedServer.start({ now })))
      const names = servers.map((server) => server.name)
      expect(await hit(names, dialect)).toEqual(all)
      await Promise.all(servers.map((server) => server.stop()))
    },
  )

  test.each(['meta', 'text'] as const)(
    'is 1 to 100 on real servers, in %s',
    { tags: ['memcached'] },
    async (dialect) => {
      const servers = await Promise.all([1, 2, 3].map(() => memcached.start()))
      const names = servers.map((server) => server.name)
      const clocks = names.map((name) => new Client(name))
      const seconds = () => Promise.all(clocks.map(async (it) => (await it.stats()).time))
      // Where the clock of a server went on meanwhile, the counter may have begun again.
      for (let isKnown = false; !isKnown; ) {
        await Promise.all(clocks.map((it) => it.flushAll()))
        const before = await seconds()
        const counts = await hit(names, dialect)
        isKnown = isDeepStrictEqual(before, await seconds())
        if (isKnown) expect(counts).toEqual(all)
      }
      await Promise.all(clocks.map((it) => it.close()))
      await Promise.all(servers.map((server) => server.stop()))
    },
  )
})

describe('retrying', () => {
  const late = new MemcacheTimeoutError('late', { written: true })

  test.each<[string, (client: MemcacheClient) => Promise<unknown>, boolean]>([
    ['metaGet', (client) => client.metaGet('k', { value: true, touch: 9 }), true],
    ['metaGet with vivify', (client) => client.metaGet('k', { vivify: 9 }), false],
    ['metaGet with recache', (client) => client.metaGet('k', { recache: 9 }), false],
    ['metaSet', (client) => client.metaSet('k', 'v'), true],
    ['metaSet with ifCas', (client) => client.metaSet('k', 'v', { ifCas: '1' }), false],
    ['metaSet by add', (client) => client.metaSet('k', 'v', { mode: 'add' }), false],
    ['metaDelete', (client) => client.metaDelete('k'), true],
    ['metaDelete with invalidate', (client) => client.metaDelete('k', { invalidate: true }), false],
    ['metaArithmetic', (client) => client.metaArithmetic('k'), false],
    ['has', (client) => client.has('k'), true],
    ['hasMany', (client) => client.hasMany(['k'].values()), true],
    ['inspect', (client) => client.inspect('k'), true],
    ['incr with initial', (client) => client.incr('k', 1, { initial: 1 }), false],
  ])('%s', async (_, call, isRepeated) => {
    const mock = new MockMemcacheClient()
    mock.failNext(late)
    const outcome = call(retrying(mock, { attempts: 2 }))
    if (isRepeated) await outcome
    else await expect(outcome).rejects.toBe(late)
    expect(mock.calls).toHaveLength(isRepeated ? 2 : 1)
  })

  test('does not ask again for what the server does not have', async () => {
    const mock = new MockMemcacheClient({ dialect: 'text' })
    await expect(retrying(mock, { attempts: 5 }).inspect('k')).rejects.toBeInstanceOf(
      MemcacheUnsupportedError,
    )
    expect(mock.calls).toHaveLength(1)
  })
})

test('a counter is made in text by a serde that refuses numbers, and takes its time to', async () => {
  const serde = {
    serialize: async (value: unknown) => {
      if (typeof value !== 'string') throw new TypeError('text only')
      return { data: value, flags: 16 }
    },
    deserialize: (data: Buffer) => data.toString(),
  }
  const mock = new MockMemcacheClient<string>({ dialect: 'text', serde })
  expect(await mock.incr('k', 1, { initial: 7 })).toBe(7)
  expect(mock.snapshot().map(({ flags }) => flags)).toEqual([0])
  expect(await mock.incr('k', 1, { initial: 7 })).toBe(8)
})

test('a call that the server has no meta commands for leaves the connection as it is', async () => {
  await using server = await MemcachedServer.start()
  const client = new Client(server.name, { dialect: 'text', ignoreExc: true })
  await client.set('k', 'v')
  const [read, refused, again] = await Promise.allSettled([
    client.get('k'),
    client.metaGet('k', { value: true }),
    client.get('k'),
  ])
  expect([read, again]).toEqual([
    { status: 'fulfilled', value: 'v' },
    { status: 'fulfilled', value: 'v' },
  ])
  expect(refused).toMatchObject({
    reason: { code: 'MEMCACHE_UNSUPPORTED', written: false, command: 'metaGet' },
  })
  await client.close()
})
