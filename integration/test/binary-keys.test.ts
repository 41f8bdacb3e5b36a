import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient } from '@mc/protocol'
import { MemcachedServer, MockMemcacheClient, memcached, type TestServer } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'

const KEYS = ['x\r\nflush_all', Buffer.from([0, 32, 255]), `${'k'.repeat(183)} `]
const options = { binaryKeys: true, keyPrefix: 'p:', timeout: 10_000 }

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function started(kind: { start(): Promise<TestServer> }): Promise<string> {
  const server = await kind.start()
  ends.push(() => server.stop())
  return server.name
}

function track<C extends MemcacheClient>(client: C): C {
  ends.push(() => client.close())
  return client
}

const clients: readonly (readonly [string, readonly string[], () => Promise<MemcacheClient>])[] = [
  ['MockMemcacheClient', [], async () => new MockMemcacheClient(options)],
  ...(
    [
      ['the embedded server', [], MemcachedServer],
      ['memcached', ['memcached'], memcached],
    ] as const
  ).flatMap(([name, tags, kind]) => [
    [`Client on ${name}`, tags, async () => new Client(await started(kind), options)] as const,
    [
      `PooledClient on ${name}`,
      tags,
      async () => new PooledClient(await started(kind), options),
    ] as const,
    [
      `HashClient on ${name}`,
      tags,
      async () => new HashClient([await started(kind)], options),
    ] as const,
  ]),
]

describe('keys in base64', () => {
  for (const [name, tags, create] of clients) {
    test(`have every command, with ${name}`, { tags: [...tags] }, async () => {
      const client = track(await create())
      for (const key of KEYS) {
        expect(await client.get(key)).toBeUndefined()
        expect(await client.replace(key, 'x')).toBe(false)
        expect(await client.append(key, 'x')).toBe(false)
        expect(await client.cas(key, 'x', '1')).toBeUndefined()
        expect(await client.touch(key, 100)).toBe(false)
        expect(await client.delete(key)).toBe(false)
        expect(await client.incr(key)).toBeUndefined()
        expect(await client.has(key)).toBe(false)
        expect(await client.add(key, 'b', { expire: 100 })).toBe(true)
        expect(await client.add(key, 'x')).toBe(false)
        expect(await client.append(key, 'c')).toBe(true)
        expect(await client.prepend(key, 'a')).toBe(true)
        expect(await client.get(key)).toBe('abc')
        const { cas } = (await client.gets(key)) ?? expect.unreachable()
        expect(await client.replace(key, 'r')).toBe(true)
        expect(await client.cas(key, 'x', cas)).toBe(false)
        expect(await client.cas(key, 'y', (await client.gats(key, 100))?.cas ?? '')).toBe(true)
        expect(await client.touch(key, 100)).toBe(true)
        expect(await client.gat(key, 100)).toBe('y')
        await expect(client.incr(key)).rejects.toMatchObject({ code: 'MEMCACHE_CLIENT_ERROR' })
        expect(await client.set(key, 5)).toBe(true)
        expect(await client.incr(key, 3)).toBe(8)
        expect(await client.decr(key, 2n)).toBe(6n)
        expect(await client.has(key)).toBe(true)
        expect(await client.metaGet(key, { value: true, size: true })).toMatchObject({
          value: 6,
          size: 1,
        })
        expect(await client.delete(key)).toBe(true)
        expect(await client.incr(key, 1, { initial: 7 })).toBe(7)
        expect(await client.metaSet(key, 'z')).toBeTruthy()
        expect(await client.delete(key, { noreply: true })).toBe(true)
      }
      const entries = [...KEYS, 'legal'].map((key, i) => [key, i] as const)
      expect(await client.setMany(entries)).toEqual([])
      expect(await client.getMany([...KEYS, 'legal', 'no key'])).toEqual(new Map(entries))
      expect((await client.hasMany(KEYS)).size).toBe(KEYS.length)
      expect(await client.deleteMany(KEYS)).toBeTruthy()
      expect(await client.getMany([...KEYS, 'legal'])).toEqual(new Map([['legal', KEYS.length]]))
      const lease = await client.lease('a b', { seconds: 10 })
      expect(lease).toMatchObject({ kind: 'placeholder', won: true })
      expect(await client.fill(lease, 'filled')).toBeTruthy()
      expect(await client.get('a b')).toBe('filled')
      expect(await client.invalidate('a b', { staleFor: 10 })).toBeTruthy()
      expect(await client.touch('a b', 100)).toBe(true)
      // Which the touch has won and gives back.
      const won = async () => (await client.lease('a b', { seconds: 10 })).won
      await expect.poll(won).toBe(true)
      await expect(client.get(`${'k'.repeat(184)} `)).rejects.toThrow(
        'key is too long: 187 bytes with its prefix, at most 186 in base64',
      )
      await expect(client.get('')).rejects.toThrow('key is empty')
    })
  }

  test('are those bytes, which other clients find', async () => {
    const server = await MemcachedServer.start()
    ends.push(() => server.stop())
    const client = track(new Client(server.name, { binaryKeys: true }))
    await client.setMany({ 'a b': 1, ü: 2 })
    const plain = track(new Client(server.name, { allowUnicodeKeys: true }))
    expect(await plain.get('ü')).toBe(2)
    expect(server.snapshot().map(({ key }) => String(key))).toEqual(['a b', 'ü'])
  })

  test('are refused in the text dialect, and legal keys are not', async () => {
    const server = await MemcachedServer.start()
    ends.push(() => server.stop())
    const client = track(new Client(server.name, { binaryKeys: true, dialect: 'text' }))
    const calls = [
      () => client.get('a b'),
      () => client.gets('a b'),
      () => client.gat('a b', 1),
      () => client.getMany(['a b']),
      () => client.has('a b'),
      () => client.set('a b', 1),
      () => client.add('a b', 1),
      () => client.cas('a b', 1, '1'),
      () => client.touch('a b'),
      () => client.delete('a b'),
      () => client.incr('a b'),
      () => client.incr('a b', 1, { initial: 1 }),
      () => client.metaGet('a b', { size: true }),
      () => client.lease('a b', { seconds: 10 }),
      () => client.invalidate('a b'),
    ]
    for (const call of calls) {
      await expect(call(), String(call)).rejects.toMatchObject({
        code: 'MEMCACHE_UNSUPPORTED',
        message: expect.stringContaining('meta commands'),
      })
    }
    expect(server.snapshot()).toEqual([])
    await client.set('legal', 1)
    const all = client.getMany(['legal', 'a b'])
    await expect(all).rejects.toMatchObject({ results: new Map([['legal', 1]]) })
  })

  test('do not go together with hashKeys', () => {
    for (const create of [
      () => new Client('a', { binaryKeys: true, hashKeys: true }),
      () => new HashClient(['a'], { binaryKeys: true, hashKeys: true }),
    ]) {
      expect(create).toThrow('hashKeys and binaryKeys are two ways for the same keys')
    }
  })
})
