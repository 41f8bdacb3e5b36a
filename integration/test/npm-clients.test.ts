import { createHash } from 'node:crypto'
import { Client } from '@mc/client'
import { HashClient, type Hasher, KetamaHash, ModuloHash } from '@mc/hash'
import { memcachedSerde, memjsSerde, nativeSerdeWith, pickleSerde } from '@mc/serde'
import { memcached } from '@mc/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLong, runs, seed } from '../../test-support/amounts.ts'
import { Memcached, memjs, npmGet, npmSet } from '../src/npm-clients.ts'
import { runPython } from '../src/python.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const KEYS = Array.from({ length: 20_000 }, (_, i) => `key:${i}`).concat('ü€', '😀')

const TCP = TRANSPORTS[0] ?? expect.unreachable()

const fleet = (count: number, port = 11_311) =>
  Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}:${port}`)

const placement = (hasher: Hasher) => KEYS.map((key) => hasher.getNode(key))

describe('the placement of npm memcached', () => {
  // Of 7 and 28 equal nodes the two precisions make other rings; the default port is no part of a name.
  test.each([
    [1, 11_311],
    [3, 11_311],
    [7, 11_311],
    [28, 11_311],
    [3, 11_211],
  ])('is that of KetamaHash on %i nodes of port %i', (count, port) => {
    const nodes = fleet(count, port)
    const { HashRing } = new Memcached(nodes)
    const hasher = new KetamaHash({ nodes, ring: 'hashring' })
    expect(placement(hasher)).toEqual(KEYS.map((key) => HashRing.get(key)))
  })

  test('is that of KetamaHash with any weights, as an object or a list of pairs', {
    tags: isLong ? ['long'] : [],
  }, () => {
    const weight = fc.integer({ min: 1, max: 50 })
    const keys = KEYS.slice(0, 200)
    const property = fc.property(fc.array(weight, { minLength: 1, maxLength: 8 }), (list) => {
      const pairs = list.map((it, i) => [`10.0.0.${i + 1}:11211`, it] as const)
      const { HashRing } = new Memcached(Object.fromEntries(pairs))
      const theirs = keys.map((key) => HashRing.get(key))
      for (const weights of [pairs, new Map(pairs), Object.fromEntries(pairs)]) {
        const hasher = new KetamaHash({ nodes: pairs.map(([it]) => it), weights, ring: 'hashring' })
        expect(keys.map((key) => hasher.getNode(key))).toEqual(theirs)
      }
    })
    fc.assert(property, { seed, numRuns: runs(4, 300) })
  })

  test('is that of KetamaHash with the same weights', () => {
    const weights = Object.fromEntries(
      fleet(9).map((node, i) => [node, [2, 9, 10, 8, 3, 7, 5, 3, 1][i] ?? 1]),
    )
    const { HashRing } = new Memcached(weights)
    const hasher = new KetamaHash({ nodes: Object.keys(weights), weights, ring: 'hashring' })
    expect(placement(hasher)).toEqual(KEYS.map((key) => HashRing.get(key)))
  })
})

describe('the placement of memjs', () => {
  test.each([1, 2, 7, 28])('on %i nodes is that of ModuloHash', (count) => {
    const nodes = fleet(count)
    const client = memjs.Client.create(nodes.join(','))
    const theirs = KEYS.map((key) => nodes[client.getServer(key)])
    expect(placement(new ModuloHash({ nodes }))).toEqual(theirs)
  })

  test('is that of ModuloHash while servers are down', () => {
    const nodes = fleet(5)
    const client = memjs.Client.create(nodes.join(','))
    const hasher = new ModuloHash({ nodes })
    for (const down of [1, 2, 4]) {
      const server = client.servers[down] ?? expect.unreachable()
      server.wakeupAt = Number.POSITIVE_INFINITY
      hasher.removeNode(nodes[down] ?? expect.unreachable())
      const theirs = KEYS.map((key) => client.server(key)?.host)
      expect(placement(hasher).map((node) => node?.split(':')[0])).toEqual(theirs)
    }
  })
})

describe.each(KINDS)('items of npm memcached on %s memcached', (kind) => {
  const { tags } = needsOf(kind)
  const VALUES = [
    'text ü €',
    'two\r\nlines \\\n',
    '',
    0,
    -1.5,
    1e300,
    true,
    null,
    { list: [1, 'a\n'] },
    [],
    Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  ]
  let server: RunningServer
  beforeAll(async () => {
    server = await startServer(kind, TCP)
  })
  afterAll(() => server?.stop())

  test.each(VALUES.map((value) => [value]))(
    'are read and written by memcachedSerde: %j',
    { tags },
    async (value) => {
      const theirs = new Memcached([server.name])
      const ours = new Client(server.name, { serde: memcachedSerde })
      await npmSet(theirs, 'theirs', value)
      expect(await ours.get('theirs')).toEqual(value)
      await ours.set('ours', value)
      expect(await npmGet(theirs, 'ours')).toEqual(value)
      theirs.end()
      await ours.close()
    },
  )
})

describe('items of memjs', { tags: ['memcached'] }, () => {
  test('are read and written by memjsSerde', async () => {
    await using server = await memcached.start()
    const theirs = memjs.Client.create(server.name)
    const ours = new Client(server.name, { serde: memjsSerde })
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    for (const value of ['text ü €', 'two\r\nlines', '', bytes]) {
      await theirs.set('theirs', value, {})
      expect(await ours.get('theirs')).toEqual(Buffer.from(value))
      await ours.set('ours', value)
      const { value: read } = await theirs.get('ours')
      expect(read).toEqual(Buffer.from(value))
    }
    theirs.close()
    await ours.close()
  })
})

describe('a move without a cold cache', { tags: ['memcached'] }, () => {
  const COUNT = 200
  let servers: RunningServer[]
  const names = () => servers.map(({ name }) => name)
  /** Keys of one writer. */
  const keysOf = (writer: string) => Array.from({ length: COUNT }, (_, i) => `${writer}:${i}`)
  beforeAll(async () => {
    servers = await Promise.all([1, 2, 3].map(() => memcached.start()))
  })
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  /** How many of the items a client finds, and whether they are what was written. */
  async function hitRatio(
    client: HashClient,
    keys: readonly string[],
    contents: (i: number) => unknown,
  ): Promise<number> {
    const found = await client.getMany(keys)
    for (const [i, key] of keys.entries()) {
      if (found.has(key)) expect(found.get(key)).toEqual(contents(i))
    }
    await client.close()
    return found.size / COUNT
  }

  test('from npm memcached finds all that it wrote', async () => {
    const contents = (i: number) => [{ id: i }, i, `text ${i}`, Buffer.from([i])][i % 4]
    const keys = keysOf('memcached')
    const old = new Memcached(names())
    await Promise.all(keys.map((key, i) => npmSet(old, key, contents(i))))
    old.end()
    const cache = new HashClient(names(), {
      hasher: new KetamaHash({ ring: 'hashring' }),
      serde: memcachedSerde,
    })
    expect(await hitRatio(cache, keys, contents)).toBe(1)
  })

  test('from npm memcached needs what the page says of its namespace and of long keys', async () => {
    const keys = keysOf('namespaced')
    const old = new Memcached(names(), { namespace: 'ns:' })
    await Promise.all(keys.map((key, i) => npmSet(old, key, i)))
    const longKeys = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(251))
    await Promise.all(longKeys.map((key, i) => npmSet(old, key, i)))
    old.end()
    const options = { hasher: new KetamaHash({ ring: 'hashring' }), serde: memcachedSerde }
    const cache = new HashClient(names(), options)
    const md5 = (key: string) => createHash('md5').update(key).digest('hex')
    for (const [i, key] of longKeys.entries()) {
      expect(await cache.get([`ns:${key}`, md5(`ns:${key}`)])).toBe(i)
    }
    const found = await cache.getMany(keys.map((key) => `ns:${key}`))
    expect([...found.values()]).toEqual(keys.map((_, i) => i))
    await cache.close()
    const prefixed = new HashClient(names(), {
      hasher: new KetamaHash({ ring: 'hashring' }),
      serde: memcachedSerde,
      keyPrefix: 'ns:',
    })
    expect(await hitRatio(prefixed, keys, (i) => i)).toBeLessThan(0.6)
  })

  test('from memjs finds all that it wrote', async () => {
    const keys = keysOf('memjs')
    const old = memjs.Client.create(names().join(','))
    await Promise.all(keys.map((key, i) => old.set(key, `text ${i}`, { expires: 0 })))
    old.close()
    const cache = new HashClient(names(), { hasher: new ModuloHash(), serde: memjsSerde })
    expect(await hitRatio(cache, keys, (i) => Buffer.from(`text ${i}`))).toBe(1)
  })

  test.each([
    ['pickleSerde', pickleSerde()],
    ['nativeSerdeWith', nativeSerdeWith({ pickles: pickleSerde() })],
  ])(
    'from pymemcache finds all that it wrote, with %s',
    { tags: ['pymemcache'] },
    async (_, serde) => {
      await runPython('move.py', ...names())
      const cache = new HashClient(names(), { serde })
      const contents = (i: number) => [{ id: i, tags: new Set(['a']) }, i, `text ${i}`, null][i % 4]
      expect(await hitRatio(cache, keysOf('pymemcache'), contents)).toBe(1)
    },
  )

  test('is not one with the default placement', async () => {
    const keys = keysOf('elsewhere')
    const old = memjs.Client.create(names().join(','))
    await Promise.all(keys.map((key, i) => old.set(key, `text ${i}`, { expires: 0 })))
    old.close()
    const cache = new HashClient(names(), { serde: memjsSerde })
    expect(await hitRatio(cache, keys, (i) => Buffer.from(`text ${i}`))).toBeLessThan(0.6)
  })
})
