import {
  type CommandOptions,
  type Key,
  MemcacheConnectError,
  MemcachePartialError,
  MemcacheTimeoutError,
} from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { FakeCluster } from './fake-cluster.ts'
import { gate, settled } from './waiting.ts'

const names = ['a:1', 'b:1', 'c:1']
const keys = Array.from({ length: 30 }, (_, i) => `key${i}`)
const pairs = keys.map((key) => [key, `value of ${key}`] as const)
const all = new Map<string, unknown>(pairs)

async function filled(options = {}): Promise<FakeCluster> {
  const cluster = new FakeCluster(names, options)
  await cluster.client.setMany(pairs)
  for (const server of cluster.servers.values()) server.batches.length = 0
  return cluster
}

describe('many-key calls', () => {
  it('find keys on all servers', async () => {
    const { client, servers } = await filled()
    expect(await client.getMany(keys)).toEqual(all)
    expect(await client.getMany([...keys, 'unknown'])).toEqual(all)
    const items = [...servers.values()].flatMap((server) => server.snapshot())
    const tokens = new Map(items.map(({ key, cas }) => [key, cas]))
    const withCas = await client.getsMany(keys)
    expect(withCas).toEqual(
      new Map(pairs.map(([key, value]) => [key, { value, cas: tokens.get(key) }])),
    )
  })

  it('answer in the order of the keys, whichever server is the first to answer', async () => {
    const cluster = await filled()
    const { promise, open } = gate()
    cluster.server('a:1').gate = promise
    const answer = cluster.client.getMany(keys)
    await settled()
    open()
    expect([...(await answer).keys()]).toEqual(keys)
  })

  it('take any iterable, once', async () => {
    const { client } = await filled()
    expect(await client.getMany(new Set(keys).values())).toEqual(all)
    const entries = { one: 1, two: 2 }
    expect(await client.setMany(entries)).toEqual([])
    expect(await client.setMany(new Map(Object.entries(entries)).entries())).toEqual([])
    expect(await client.getMany(Object.keys(entries))).toEqual(new Map(Object.entries(entries)))
  })

  it('keep each key object as it was given', async () => {
    const { client } = await filled()
    const bytes = Buffer.from('key1')
    expect([...(await client.getMany([bytes])).keys()][0]).toBe(bytes)
  })

  it('send nothing when there are no keys', async () => {
    const { client, servers } = new FakeCluster(names)
    expect(await client.getMany([])).toEqual(new Map())
    expect(await client.getsMany([])).toEqual(new Map())
    expect(await client.setMany([])).toEqual([])
    expect(await client.setMany({})).toEqual([])
    expect(await client.deleteMany([])).toBe(true)
    for (const server of servers.values()) expect(server.log).toEqual([])
  })

  it('delete everywhere', async () => {
    const { client, servers } = await filled()
    expect(await client.deleteMany(keys)).toBe(true)
    for (const server of servers.values()) expect(server.items.size).toBe(0)
  })

  it('tell the keys that were not stored', async () => {
    const { client } = new FakeCluster(names)
    const entries = pairs.map(([key], i) => [key, i % 3 === 0 ? 'not stored' : i] as const)
    const notStored = keys.filter((_, i) => i % 3 === 0)
    expect((await client.setMany(entries)).toSorted()).toEqual(notStored.toSorted())
  })

  it('send nothing if one of the keys is illegal', async () => {
    const { client, servers } = new FakeCluster(names, { ignoreExc: true })
    const bad = [...keys, 'a key']
    const calls = [
      client.getMany(bad),
      client.setMany(bad.map((key) => [key, 1] as const)),
      client.deleteMany(bad),
    ]
    for (const call of calls) await expect(call).rejects.toThrow('whitespace')
    for (const server of servers.values()) expect(server.log).toEqual([])
  })

  it.each(['key', undefined, 7])('refuse %j, which is no list of keys', async (bad) => {
    const { client } = new FakeCluster(names)
    const input = bad as unknown as string[]
    await expect(client.getMany(input)).rejects.toThrow('keys must be an iterable of keys')
    await expect(client.deleteMany(input)).rejects.toThrow('keys must be an iterable of keys')
    const entries = bad as unknown as Map<string, string>
    await expect(client.setMany(entries)).rejects.toThrow('entries must be')
  })
})

describe('batches', () => {
  it('of 10,000 keys over 3 servers are bounded in size and number', async () => {
    const cluster = new FakeCluster(names, { keysPerBatch: 100 })
    const many = Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i] as const)
    expect(await cluster.client.setMany(many)).toEqual([])
    const found = await cluster.client.getMany(many.map(([key]) => key))
    expect(found).toEqual(new Map(many))
    expect(await cluster.client.deleteMany(found.keys())).toBe(true)
    for (const { batches, items, mostInFlight } of cluster.servers.values()) {
      expect(Math.max(...batches.map(({ length }) => length))).toBe(100)
      expect(mostInFlight).toBe(4)
      expect(items.size).toBe(0)
    }
  })

  it('on one server do not wait for another', async () => {
    const cluster = await filled({ keysPerBatch: 1 })
    const { promise, open } = gate()
    cluster.server('a:1').gate = promise
    const answer = cluster.client.getMany(keys)
    await settled()
    expect(cluster.server('b:1').batches).toHaveLength(cluster.server('b:1').items.size)
    expect(cluster.server('a:1').batches).toHaveLength(4)
    open()
    expect(await answer).toEqual(all)
  })

  it('behind a failed one are not sent', async () => {
    const cluster = await filled({ keysPerBatch: 1 })
    cluster.server('a:1').refuse()
    await expect(cluster.client.getMany(keys)).rejects.toThrow(MemcachePartialError)
    expect(cluster.server('a:1').batches).toHaveLength(4)
    expect(cluster.statusOf('a:1')).toMatchObject({ state: 'failing', failures: 1 })
  })

  it('share the timeout of the call', async () => {
    const cluster = await filled({ keysPerBatch: 1 })
    const timeouts: (number | undefined)[] = []
    const server = cluster.server('a:1')
    server.getMany = async <T>(_: Iterable<Key>, options?: CommandOptions) => {
      timeouts.push(options?.timeout)
      cluster.time += 40
      return new Map<never, T>()
    }
    const own = cluster.keysOn('a:1', 8)
    const error: MemcachePartialError = await cluster.client
      .getMany(own, { timeout: 100 })
      .catch((reason) => reason)
    expect(timeouts).toEqual([100, 60, 20])
    expect(error.failed.size).toBe(5)
    expect(error.cause).toBeInstanceOf(MemcacheTimeoutError)
    expect(error.cause).toMatchObject({ written: false })
    expect(cluster.statusOf('a:1').state).toBe('healthy')
  })
})

describe('a failing server', () => {
  it('fails its own keys only', async () => {
    const cluster = await filled()
    const own = keys.filter((key) => cluster.homesOf(key)[0] === 'b:1')
    cluster.server('b:1').refuse()
    const error: MemcachePartialError<Map<string, unknown>> = await cluster.client
      .getMany(keys)
      .catch((reason) => reason)
    expect(error).toBeInstanceOf(MemcachePartialError)
    expect(error.results).toEqual(new Map(pairs.filter(([key]) => !own.includes(key))))
    expect([...error.failed.keys()]).toEqual(own)
    expect(new Set(error.failed.values())).toEqual(new Set([cluster.server('b:1').fault]))
    const deleted = await cluster.client.deleteMany(keys).catch((reason) => reason)
    expect(deleted).toMatchObject({ results: true })
    expect([...deleted.failed.keys()]).toEqual(own)
  })

  it('fails its own keys of setMany, beside those that were not stored', async () => {
    const cluster = new FakeCluster(names)
    const own = cluster.keysOn('b:1', 5)
    const other = cluster.keysOn('a:1', 1)
    cluster.server('b:1').refuse()
    const entries = [...own, ...other].map((key) => [key, 'not stored'] as const)
    const error = await cluster.client.setMany(entries).catch((reason) => reason)
    expect(error.results).toEqual(other)
    expect([...error.failed.keys()]).toEqual(own)
  })

  it('is left out with ignoreExc, and its keys are not reported as stored', async () => {
    const cluster = await filled({ ignoreExc: true })
    const own = keys.filter((key) => cluster.homesOf(key)[0] === 'b:1')
    cluster.server('b:1').refuse()
    expect(await cluster.client.getMany(keys)).toEqual(
      new Map(pairs.filter(([key]) => !own.includes(key))),
    )
    expect(await cluster.client.setMany(pairs)).toEqual(own)
    expect(cluster.statusOf('b:1').state).toBe('failing')
    expect(await cluster.client.deleteMany(keys)).toBe(true)
  })

  it('may have answered in part', async () => {
    const cluster = await filled()
    const [lost, ...rest] = cluster.keysOn('a:1', 4)
    const cause = new MemcacheConnectError('connection lost')
    cluster.server('a:1').getMany = <T>(): Promise<Map<string, T>> =>
      Promise.reject(
        new MemcachePartialError(new Map(rest.map((key) => [key, 1])), new Map([[lost!, cause]])),
      )
    const error = await cluster.client.getMany([lost!, ...rest]).catch((reason) => reason)
    expect(error.results).toEqual(new Map(rest.map((key) => [key, 1])))
    expect(error.failed).toEqual(new Map([[lost, cause]]))
    expect(cluster.statusOf('a:1')).toMatchObject({ state: 'failing', failures: 1 })
  })
})
