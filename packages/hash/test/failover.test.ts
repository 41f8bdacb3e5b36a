import {
  MemcacheError,
  MemcacheIllegalInputError,
  MemcacheServerError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
  MemcacheUnknownError,
} from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import type { HashClient, HashClientOptions } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { gate, settled } from './waiting.ts'

interface Method {
  readonly name: string
  readonly call: (client: HashClient, key: string) => Promise<unknown>
  /** The answer of a server that holds the key with the value 5. */
  readonly answer: unknown
  /** The answer with `ignoreExc` of one that fails. */
  readonly ignored: unknown
}

const methods: readonly Method[] = [
  { name: 'get', call: (c, key) => c.get(key), answer: 5, ignored: undefined },
  {
    name: 'get with a default',
    call: (c, key) => c.get(key, { default: 1 }),
    answer: 5,
    ignored: 1,
  },
  {
    name: 'gets',
    call: (c, key) => c.gets(key),
    answer: { value: 5, cas: '1' },
    ignored: undefined,
  },
  { name: 'gat', call: (c, key) => c.gat(key, 9, { default: 1 }), answer: 5, ignored: 1 },
  {
    name: 'gats',
    call: (c, key) => c.gats(key, 9, { default: null }),
    answer: { value: 5, cas: '1' },
    ignored: null,
  },
  { name: 'getMany', call: (c, key) => c.getMany([key]), answer: mapOf(5), ignored: new Map() },
  {
    name: 'getsMany',
    call: (c, key) => c.getsMany([key]),
    answer: mapOf({ value: 5, cas: '1' }),
    ignored: new Map(),
  },
  { name: 'set', call: (c, key) => c.set(key, 6), answer: true, ignored: false },
  { name: 'setMany', call: (c, key) => c.setMany([[key, 6]]), answer: [], ignored: ['key'] },
  { name: 'add', call: (c, key) => c.add(key, 6), answer: false, ignored: false },
  { name: 'replace', call: (c, key) => c.replace(key, 6), answer: true, ignored: false },
  { name: 'append', call: (c, key) => c.append(key, 6), answer: true, ignored: false },
  { name: 'prepend', call: (c, key) => c.prepend(key, 6), answer: true, ignored: false },
  { name: 'cas', call: (c, key) => c.cas(key, 6, '1'), answer: true, ignored: false },
  { name: 'incr', call: (c, key) => c.incr(key, 2), answer: 7, ignored: undefined },
  { name: 'decr', call: (c, key) => c.decr(key), answer: 4, ignored: undefined },
  { name: 'touch', call: (c, key) => c.touch(key, 9), answer: true, ignored: false },
  { name: 'delete', call: (c, key) => c.delete(key), answer: true, ignored: false },
  { name: 'deleteMany', call: (c, key) => c.deleteMany([key]), answer: true, ignored: true },
]

const fanOuts: readonly Method[] = [
  { name: 'flushAll', call: (c) => c.flushAll(), answer: true, ignored: false },
  {
    name: 'stats',
    call: (c) => c.stats('items'),
    answer: new Map([['a:1', { curr_items: 1, args: 'items' }]]),
    ignored: new Map(),
  },
  {
    name: 'version',
    call: (c) => c.version(),
    answer: new Map([['a:1', '1.6.18']]),
    ignored: new Map(),
  },
  { name: 'connect', call: (c) => c.connect(), answer: undefined, ignored: undefined },
]

interface Situation {
  readonly when: string
  readonly options: HashClientOptions
  readonly reach: (cluster: FakeCluster) => Promise<void>
  /** Whether the server is asked all the same. */
  readonly isAsked: boolean
  readonly message: string
}

const refused = 'connection refused'
const situations: readonly Situation[] = [
  {
    when: 'the server fails',
    options: {},
    reach: async (cluster) => cluster.server('a:1').refuse(),
    isAsked: true,
    message: refused,
  },
  {
    when: 'the server has just failed',
    options: {},
    reach: async (cluster) => {
      cluster.server('a:1').refuse()
      await cluster.client.get('key').catch(() => {})
      cluster.time += 999
      // It is well again, and is not asked all the same.
      cluster.server('a:1').fault = undefined
    },
    isAsked: false,
    message: refused,
  },
  {
    when: 'the server is dead and its keys stay',
    options: { failover: 'none', maxDeadServers: 1 },
    reach: (cluster) => cluster.kill('a:1'),
    isAsked: false,
    message: refused,
  },
  {
    when: 'no server is left',
    options: { maxDeadServers: 1 },
    reach: (cluster) => cluster.kill('a:1'),
    isAsked: false,
    message: 'all servers seem to be down right now',
  },
]

describe('a healthy server', () => {
  it.each([...methods, ...fanOuts])('answers $name', async ({ call, answer }) => {
    for (const ignoreExc of [false, true]) {
      const { client } = new FakeCluster(['a:1'], { ignoreExc })
      await client.set('key', 5)
      expect(await call(client, 'key')).toEqual(answer)
    }
  })
})

describe.each(situations)('when $when', ({ options, reach, isAsked, message }) => {
  it.each(methods)('$name rejects', async ({ call }) => {
    const cluster = new FakeCluster(['a:1'], options)
    await reach(cluster)
    cluster.server('a:1').log.length = 0
    await expect(call(cluster.client, 'key')).rejects.toThrow(message)
    expect(cluster.server('a:1').log).toHaveLength(isAsked ? 1 : 0)
  })

  it.each(methods)('$name answers its default with ignoreExc', async ({ call, ignored }) => {
    const cluster = new FakeCluster(['a:1'], { ...options, ignoreExc: true })
    await reach(cluster)
    cluster.server('a:1').log.length = 0
    expect(await call(cluster.client, 'key')).toEqual(ignored)
    expect(cluster.server('a:1').log).toHaveLength(isAsked ? 1 : 0)
  })

  it.each(fanOuts)('$name rejects, or is ignored with ignoreExc', async ({ call, ignored }) => {
    for (const ignoreExc of [false, true]) {
      const cluster = new FakeCluster(['a:1'], { ...options, ignoreExc })
      await reach(cluster)
      const answer = call(cluster.client, 'key')
      if (ignoreExc) expect(await answer).toEqual(ignored)
      else await expect(answer).rejects.toThrow(refused)
    }
  })
})

// Elsewhere it is the client of the server that checks keys.
describe.each(situations.filter(({ isAsked }) => !isAsked))('when $when', ({ options, reach }) => {
  it.each(methods)('$name rejects an illegal key even with ignoreExc', async ({ call }) => {
    const cluster = new FakeCluster(['a:1'], { ...options, ignoreExc: true })
    await reach(cluster)
    await expect(call(cluster.client, 'a key')).rejects.toThrow(MemcacheIllegalInputError)
  })
})

describe('failures', () => {
  it.each([
    { error: new MemcacheTimeoutError('too slow'), counts: true },
    { error: new MemcacheUnexpectedCloseError('closed'), counts: true },
    { error: new MemcacheUnknownError('garbage'), counts: true },
    { error: new MemcacheServerError('out of memory'), counts: false },
    { error: new MemcacheIllegalInputError('value is too large'), counts: false },
    { error: new Error('a bug'), counts: false },
  ])('$error count: $counts', async ({ error, counts }) => {
    const cluster = new FakeCluster(['a:1'], { retryAttempts: 0, maxDeadServers: 1 })
    cluster.server('a:1').fault = error
    await expect(cluster.client.get('key')).rejects.toBe(error)
    expect(cluster.statusOf('a:1').state).toBe(counts ? 'dead' : 'healthy')
  })

  it('of all calls in flight on one connection are one failure', async () => {
    const cluster = new FakeCluster(['a:1'])
    cluster.server('a:1').refuse()
    await Promise.allSettled(Array.from({ length: 64 }, (_, i) => cluster.client.get(`key${i}`)))
    expect(cluster.statusOf('a:1')).toMatchObject({ state: 'failing', failures: 1, inFlight: 0 })
  })

  it('are forgotten after one success', async () => {
    const cluster = new FakeCluster(['a:1'], { retryAttempts: 1, retryTimeout: 0 })
    const server = cluster.server('a:1')
    for (let i = 0; i < 5; i++) {
      server.refuse()
      await expect(cluster.client.get('key')).rejects.toThrow(refused)
      server.fault = undefined
      await cluster.client.get('key')
    }
    expect(cluster.statusOf('a:1')).toMatchObject({ state: 'healthy', failures: 0 })
  })

  it('are not forgotten after a write that nobody waited for', async () => {
    const cluster = new FakeCluster(['a:1'], { retryTimeout: 0 })
    const server = cluster.server('a:1')
    server.refuse()
    await expect(cluster.client.get('key')).rejects.toThrow(refused)
    server.fault = undefined
    await cluster.client.set('key', 1, { noreply: true })
    await cluster.client.setMany({ key: 1 }, { noreply: true })
    expect(cluster.statusOf('a:1').state).toBe('failing')
    await cluster.client.set('key', 1)
    expect(cluster.statusOf('a:1').state).toBe('healthy')
  })

  it('follow the time-line: first failure, two retries, dead, probed', async () => {
    const cluster = new FakeCluster(['a:1'], { maxDeadServers: 1 })
    const server = cluster.server('a:1')
    server.refuse()
    const timeline: unknown[] = []
    for (const time of [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000]) {
      cluster.time = time
      server.log.length = 0
      const message = await cluster.client.get('key').catch((error: MemcacheError) => error.reason)
      const { state, failures } = cluster.statusOf('a:1')
      timeline.push([time, server.log.length, state, failures, message])
    }
    const notSent = `not sent, as the server has failed: ${refused}`
    const allDown = 'all servers seem to be down right now'
    expect(timeline).toEqual([
      [0, 1, 'failing', 1, refused],
      [500, 0, 'failing', 1, notSent],
      [1000, 1, 'failing', 2, refused],
      [1500, 0, 'failing', 2, notSent],
      [2000, 1, 'dead', 3, refused],
      [2500, 0, 'dead', 3, allDown],
      [3000, 1, 'dead', 4, allDown],
      [3500, 0, 'dead', 4, allDown],
      [4000, 1, 'dead', 5, allDown],
    ])
  })
})

describe('a dead server', () => {
  const names = ['a:1', 'b:1', 'c:1']

  it('loses its keys to the others, which keep theirs, and gets them back', async () => {
    const cluster = new FakeCluster(names)
    const keys = Array.from({ length: 60 }, (_, i) => `key${i}`)
    await cluster.client.setMany(keys.map((key) => [key, key] as const))
    const before = keys.map((key) => cluster.homesOf(key))
    await cluster.kill('b:1')
    await cluster.client.setMany(keys.map((key) => [key, key] as const))
    for (const [i, key] of keys.entries()) {
      const home = before[i]!
      if (home[0] === 'b:1') expect(cluster.homesOf(key)).toHaveLength(2)
      else expect(cluster.homesOf(key)).toEqual(home)
      expect(await cluster.client.get(key)).toBe(key)
    }
    await returnToLife(cluster, 'b:1')
    for (const [i, key] of keys.entries()) {
      for (const server of cluster.servers.values()) server.clear()
      await cluster.client.set(key, key)
      expect(cluster.homesOf(key)).toEqual(before[i])
    }
    expect(cluster.events).toEqual([
      ['dead', 'b:1'],
      ['alive', 'b:1'],
    ])
  })

  it('keeps its keys with failover none', async () => {
    const cluster = new FakeCluster(names, { failover: 'none' })
    const key = cluster.keyOn('b:1')
    await cluster.kill('b:1')
    await expect(cluster.client.set(key, 1)).rejects.toThrow(refused)
    await returnToLife(cluster, 'b:1')
    await cluster.client.set(key, 2)
    expect(cluster.homesOf(key)).toEqual(['b:1'])
  })

  it('is probed once when its time has come, however many calls come', async () => {
    const cluster = new FakeCluster(names)
    const server = cluster.server('b:1')
    await cluster.kill('b:1')
    cluster.time += 59_999
    await Promise.all(Array.from({ length: 64 }, (_, i) => cluster.client.get(`key${i}`)))
    expect(server.log).toEqual([])
    cluster.time += 1
    const { promise, open } = gate()
    server.gate = promise
    await Promise.all(Array.from({ length: 64 }, (_, i) => cluster.client.get(`key${i}`)))
    cluster.time += 60_000
    await Promise.all(Array.from({ length: 64 }, (_, i) => cluster.client.get(`key${i}`)))
    expect(server.log).toEqual(['version'])
    open()
  })

  it('stays dead for another deadTimeout when the probe fails, which is told', async () => {
    const cluster = new FakeCluster(names, { deadTimeout: 5000 })
    const server = cluster.server('b:1')
    await cluster.kill('b:1')
    const told = new Promise((resolve) => cluster.client.once('error', (...args) => resolve(args)))
    cluster.time += 5000
    await cluster.client.get('key')
    expect(await told).toEqual([server.fault, 'b:1'])
    expect(cluster.statusOf('b:1')).toMatchObject({
      state: 'dead',
      failures: 4,
      deadUntil: cluster.time + 5000,
      lastError: server.fault,
    })
  })

  it('fails its first probe without harm when nobody listens', async () => {
    const cluster = new FakeCluster(names, { deadTimeout: 0 })
    await cluster.kill('b:1')
    await cluster.client.get('key')
    await settled()
    expect(cluster.statusOf('b:1').failures).toBe(4)
  })

  it('is not asked by calls for all servers', async () => {
    const cluster = new FakeCluster(names)
    await cluster.kill('b:1')
    const error = await cluster.client.version().catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'MEMCACHE_PARTIAL',
      results: new Map([
        ['a:1', '1.6.18'],
        ['c:1', '1.6.18'],
      ]),
      failed: new Map([['b:1', expect.objectContaining({ cause: cluster.server('b:1').fault })]]),
    })
    expect(cluster.server('b:1').log).toEqual([])
  })

  it('is closed like any other', async () => {
    const cluster = new FakeCluster(names)
    await cluster.kill('b:1')
    await cluster.client.close()
    expect([...cluster.servers.values()].map(({ isClosed }) => isClosed)).toEqual([
      true,
      true,
      true,
    ])
  })

  it('can be removed, and does not come back', async () => {
    for (const failover of ['rehash', 'none'] as const) {
      const cluster = new FakeCluster(names, { failover })
      await cluster.kill('b:1')
      const probe = gate()
      cluster.server('b:1').gate = probe.promise
      cluster.server('b:1').fault = undefined
      cluster.time += 60_000
      await cluster.client.get(cluster.keyOn('a:1'))
      const removed = cluster.client.removeServer('b:1')
      probe.open()
      await removed
      await settled()
      expect(cluster.client.servers.map(({ name }) => name)).toEqual(['a:1', 'c:1'])
      expect(cluster.events).toEqual([
        ['dead', 'b:1'],
        ['removed', 'b:1'],
      ])
      await cluster.client.set(cluster.keyOn('b:1'), 1)
      expect(cluster.server('b:1').items.size).toBe(0)
    }
  })
})

describe('when too many servers are dead', () => {
  it.each([{ maxDeadServers: 1 }, { maxDeadShare: 0.5 }])(
    'with %j the next one is tried again and again and keeps its keys',
    async (limits) => {
      const cluster = new FakeCluster(['a:1', 'b:1', 'c:1'], limits)
      await cluster.kill('a:1')
      const server = cluster.server('b:1')
      server.refuse()
      const key = cluster.keyOn('b:1')
      for (let i = 1; i <= 5; i++) {
        await expect(cluster.client.get(key)).rejects.toThrow(refused)
        expect(cluster.statusOf('b:1')).toMatchObject({ state: 'failing', failures: i })
        cluster.time += 1000
      }
      server.fault = undefined
      await cluster.client.set(key, 1)
      expect(cluster.homesOf(key)).toEqual(['b:1'])
      expect(cluster.statusOf('b:1').state).toBe('healthy')
    },
  )
})

it('no server at all is as if all were down', async () => {
  const { client } = new FakeCluster([])
  const error = await client.get('key').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(MemcacheError)
  expect(error).toMatchObject({
    reason: 'there are no servers: give them to the constructor, or to addServer',
    written: false,
  })
  expect(await client.getMany([])).toEqual(new Map())
  expect(await client.flushAll()).toBe(true)
})

async function returnToLife(cluster: FakeCluster, name: string): Promise<void> {
  cluster.server(name).fault = undefined
  cluster.time += 60_000
  const alive = new Promise((resolve) => cluster.client.once('alive', resolve))
  await cluster.client.get('key').catch(() => {})
  expect(await alive).toBe(name)
}

function mapOf(value: unknown): Map<string, unknown> {
  return new Map([['key', value]])
}
