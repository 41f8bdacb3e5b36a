import {
  MemcacheClosedError,
  MemcacheCounterRangeError,
  MemcacheIllegalInputError,
  type MemcachePartialError,
  type ServerSpec,
} from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import {
  HashClient,
  type HashClientOptions,
  type Hasher,
  KetamaHash,
  RendezvousHash,
} from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { FakeServer } from './fake-server.ts'
import { hashVectors } from './vectors.ts'
import { gate, settled } from './waiting.ts'

const names = ['a:1', 'b:1', 'c:1']

describe('a key', () => {
  it('lives where the hasher says', async () => {
    for (const hasher of [new RendezvousHash(), new KetamaHash()]) {
      const cluster = new FakeCluster(names, { hasher })
      for (let i = 0; i < 50; i++) {
        await cluster.client.set(`key${i}`, i)
        expect(cluster.homesOf(`key${i}`)).toEqual([hasher.getNode(`key${i}`)])
        expect(await cluster.client.get(`key${i}`)).toBe(i)
      }
    }
  })

  it('lives where pymemcache puts it', async () => {
    for (const { nodes, placements } of hashVectors.rendezvous.lists) {
      const specs = nodes.map((node) => (node.startsWith('::1') ? '[::1]:11211' : node))
      const cluster = new FakeCluster(specs)
      for (const { key, winner } of placements) {
        if (key === null || key === '') continue
        await cluster.client.set(key, key)
        expect(cluster.homesOf(key)).toEqual([winner])
      }
    }
  })

  it('given as bytes lives where its text does, or where pymemcache puts bytes', async () => {
    const { nodes, placements } = hashVectors.rendezvous.lists[0]!
    const text = new FakeCluster(nodes)
    const python = new FakeCluster(nodes, { keyHashForm: 'python-bytes' })
    for (const { keyBytesHex, winner } of placements) {
      if (keyBytesHex === null) continue
      const bytes = Buffer.from(keyBytesHex, 'hex')
      await text.client.set(bytes, 1)
      expect(await text.client.get(bytes.toString())).toBe(1)
      await python.client.set(bytes, 1)
      expect(python.homesOf(bytes.toString())).toEqual([winner])
    }
  })

  it('of a pair lives where the first part says', async () => {
    const cluster = new FakeCluster(names)
    const [home] = names
    const serverKey = cluster.keyOn(home!)
    const keys = Array.from({ length: 20 }, (_, i) => `item${i}`)
    await cluster.client.setMany(keys.map((key) => [[serverKey, key], key] as const))
    await cluster.client.set([serverKey, 'single'], 'single')
    for (const key of [...keys, 'single']) expect(cluster.homesOf(key)).toEqual([home])
    expect(await cluster.client.get([serverKey, 'single'])).toBe('single')
    const found = await cluster.client.getMany(keys.map((key) => [serverKey, key] as const))
    expect(found).toEqual(new Map(keys.map((key) => [key, key])))
  })

  it('is routed without the prefix', async () => {
    const plain = new FakeCluster(names)
    const prefixed = new FakeCluster(names, { keyPrefix: 'p:' })
    for (let i = 0; i < 20; i++) {
      await plain.client.set(`key${i}`, 1)
      await prefixed.client.set(`key${i}`, 1)
      expect(prefixed.homesOf(`key${i}`)).toEqual(plain.homesOf(`key${i}`))
    }
  })

  it.each([undefined, 7, ['a'], ['a', 'b', 'c']])('cannot be %j', async (key) => {
    const { client } = new FakeCluster(names, { ignoreExc: true })
    const calls = [client.get(key as unknown as string), client.getMany([key as unknown as string])]
    for (const call of calls) await expect(call).rejects.toThrow(MemcacheIllegalInputError)
  })
})

describe('a key that is too long', () => {
  it.each([
    ['text', 'k'.repeat(251)],
    ['bytes', Buffer.alloc(251, 'k')],
    ['50 MB of text', 'k'.repeat(50_000_000)],
    ['50 MB of bytes', Buffer.alloc(50_000_000, 'k')],
    ['the second of a pair', ['server', 'k'.repeat(251)] as const],
  ])('is refused before it is hashed: %s', async (_, key) => {
    let hashed = 0
    class CountingHash extends RendezvousHash {
      override getNode(text: string): string | undefined {
        hashed++
        return super.getNode(text)
      }
    }
    const { client } = new FakeCluster(names, { hasher: new CountingHash(), ignoreExc: true })
    const calls = [client.get(key), client.set(key, 1), client.getMany([key]), client.incr(key)]
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'MEMCACHE_ILLEGAL_INPUT', message: expect.stringContaining('too long') },
      })
    }
    expect(hashed).toBe(0)
  })

  it('is none if only the part that routes it is long', async () => {
    const { client } = new FakeCluster(names)
    expect(await client.set(['s'.repeat(1000), 'key'], 1)).toBe(true)
  })
})

describe('ignoreExc', () => {
  it('does not hide that a counter has changed', async () => {
    const { client, servers } = new FakeCluster(['a:1'], { ignoreExc: true })
    const error = new MemcacheCounterRangeError(2n ** 60n)
    servers.get('a:1')!.fault = error
    await expect(client.incr('key')).rejects.toBe(error)
  })

  it('does not hide that a client was closed behind its back', async () => {
    const { client, servers } = new FakeCluster(['a:1'], { ignoreExc: true })
    const error = new MemcacheClosedError('the client is closed')
    servers.get('a:1')!.fault = error
    await expect(client.get('key')).rejects.toBe(error)
    await expect(client.getMany(['key'])).rejects.toBe(error)
  })

  it('does not hide the reason of an abort', async () => {
    const { client, servers } = new FakeCluster(['a:1'], { ignoreExc: true })
    const reason = new DOMException('stop', 'AbortError')
    servers.get('a:1')!.fault = reason
    await expect(client.get('key')).rejects.toBe(reason)
    await expect(client.getMany(['key'])).rejects.toBe(reason)
  })
})

describe('servers', () => {
  it('given in several notations are one server each', () => {
    const inet: ServerSpec[] = ['127.0.0.1', '127.0.0.1:11211', ['127.0.0.1', 11211]]
    const unix: ServerSpec[] = ['/run/m.sock', 'unix:/run/m.sock', { path: '/run/m.sock' }]
    const { client } = new FakeCluster([...inet, ...unix])
    expect(client.servers.map(({ name }) => name)).toEqual(['127.0.0.1:11211', '/run/m.sock'])
  })

  it('are named as pymemcache names them', () => {
    for (const { input, node } of hashVectors.hashClientNodeNames) {
      // A port as text, and an IPv6 address that may or may not end in a port, are refused.
      if (typeof input !== 'string' || input === '::1:9') continue
      expect(new FakeCluster([input]).client.servers[0]?.name).toBe(node)
    }
  })

  it('are listed with their state', async () => {
    const cluster = new FakeCluster(['a:1'])
    const { promise, open } = gate()
    cluster.server('a:1').gate = promise
    const call = cluster.client.get('key')
    expect(cluster.client.servers).toEqual([
      {
        name: 'a:1',
        state: 'healthy',
        failures: 0,
        lastError: undefined,
        inFlight: 1,
        deadUntil: undefined,
      },
    ])
    open()
    await call
    expect(cluster.statusOf('a:1').inFlight).toBe(0)
  })

  it('connect all at once, and fail together', async () => {
    const cluster = new FakeCluster(names)
    await cluster.client.connect()
    for (const server of cluster.servers.values()) expect(server.log).toEqual(['connect'])
    cluster.server('b:1').refuse()
    const error: MemcachePartialError = await cluster.client.connect().catch((reason) => reason)
    expect([...error.failed.keys()]).toEqual(['b:1'])
  })

  it('answer stats and version by name, in the order in which they were added', async () => {
    const { client } = new FakeCluster(names)
    expect([...(await client.stats()).keys()]).toEqual(names)
    expect([...(await client.version())]).toEqual(names.map((name) => [name, '1.6.18']))
  })

  it('whose clients have neither, say so', async () => {
    const createClient = (): FakeServer =>
      Object.assign(new FakeServer(), { stats: undefined, version: undefined, connect: undefined })
    const { client } = new FakeCluster(names, { createClient })
    await expect(client.stats()).rejects.toThrow('has no stats')
    await expect(client.version()).rejects.toThrow('has no version')
    await client.connect()
  })

  it('are all emptied by flushAll', async () => {
    const cluster = new FakeCluster(names)
    await cluster.client.setMany(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [i, i])))
    expect(await cluster.client.flushAll()).toBe(true)
    for (const { items } of cluster.servers.values()) expect(items.size).toBe(0)
  })

  it('all quit, and what fails at that is told', async () => {
    const cluster = new FakeCluster(names)
    cluster.server('b:1').refuse()
    const told = new Promise((resolve) => cluster.client.once('error', (...args) => resolve(args)))
    await cluster.client.quit()
    for (const server of cluster.servers.values()) expect(server.log).toEqual(['quit'])
    expect(await told).toEqual([cluster.server('b:1').fault, 'b:1'])
  })
})

describe('addServer', () => {
  it('moves keys to the new server only', async () => {
    const cluster = new FakeCluster(names)
    const keys = Array.from({ length: 60 }, (_, i) => `key${i}`)
    await cluster.client.setMany(keys.map((key) => [key, 'old'] as const))
    cluster.client.addServer('d:1')
    await cluster.client.setMany(keys.map((key) => [key, 'new'] as const))
    expect(cluster.server('d:1').items.size).toBeGreaterThan(0)
    for (const key of keys) {
      const homes = cluster.homesOf(key)
      if (homes.length > 1) expect(homes[1]).toBe('d:1')
    }
    await settled()
    expect(cluster.events).toEqual([['added', 'd:1']])
  })

  it('does nothing for a server that is there', async () => {
    const cluster = new FakeCluster(names)
    const before = cluster.server('a:1')
    cluster.client.addServer(['a', 1])
    await settled()
    expect(cluster.server('a:1')).toBe(before)
    expect(cluster.events).toEqual([])
  })
})

it('a hasher needs three methods', async () => {
  const nodes = new Set<string>()
  const hasher: Hasher = {
    addNode: (node) => void nodes.add(node),
    removeNode: (node) => void nodes.delete(node),
    getNode: () => [...nodes].at(-1),
  }
  const cluster = new FakeCluster(names, { hasher })
  expect(await cluster.client.set('key', 1)).toBe(true)
  expect(cluster.homesOf('key')).toEqual(names.slice(-1))
})

describe('removeServer', () => {
  it('lets what is under way finish, and then closes the client', async () => {
    const cluster = new FakeCluster(names, { keysPerBatch: 1 })
    const server = cluster.server('b:1')
    const keys = cluster.keysOn('b:1', 20)
    for (const key of keys) void server.set(key, key)
    const { promise, open } = gate()
    server.gate = promise
    const one = cluster.client.get(keys[0]!)
    const many = cluster.client.getMany(keys)
    const removed = cluster.client.removeServer('b:1')
    const moved = cluster.client.set(keys[0]!, 'moved')
    await settled()
    expect(server.isClosed).toBe(false)
    open()
    expect(await one).toBe(keys[0])
    expect(await many).toEqual(new Map(keys.map((key) => [key, key])))
    expect(await moved).toBe(true)
    await removed
    await settled()
    expect(server.isClosed).toBe(true)
    expect(cluster.homesOf(keys[0]!)).toHaveLength(2)
    expect(cluster.events).toEqual([['removed', 'b:1']])
  })

  it('is not undone by what fails afterwards', async () => {
    const cluster = new FakeCluster(names, { retryAttempts: 0 })
    const server = cluster.server('b:1')
    const { promise, open } = gate()
    server.gate = promise
    server.refuse()
    const call = cluster.client.get(cluster.keyOn('b:1'))
    const removed = cluster.client.removeServer('b:1')
    open()
    await expect(call).rejects.toBe(server.fault)
    await removed
    cluster.time += 60_000
    await cluster.client.get('key')
    await settled()
    expect(cluster.events).toEqual([['removed', 'b:1']])
  })

  it('rejects for a server that is not there', async () => {
    const { client, events } = new FakeCluster(names)
    await expect(client.removeServer('d:1')).rejects.toThrow(new RangeError('no such server: d:1'))
    await settled()
    expect(events).toEqual([])
  })

  it('takes the last one too', async () => {
    const { client } = new FakeCluster(['a:1'])
    await client.removeServer('a:1')
    await expect(client.get('key')).rejects.toThrow('there are no servers')
    client.addServer('a:1')
    expect(await client.get('key')).toBeUndefined()
  })
})

describe('close', () => {
  it('lets what is under way finish, then refuses everything', async () => {
    const cluster = new FakeCluster(names, { ignoreExc: true })
    const { client } = cluster
    const { promise, open } = gate()
    cluster.server('a:1').gate = promise
    const call = client.get(cluster.keyOn('a:1'), { default: 'miss' })
    const closed = client.close()
    expect(client[Symbol.asyncDispose]()).toEqual(closed)
    const later = [client.get('key'), client.getMany(['key']), client.flushAll(), client.connect()]
    for (const refused of later) await expect(refused).rejects.toThrow(MemcacheClosedError)
    await expect(client.removeServer('a:1')).rejects.toThrow(MemcacheClosedError)
    expect(() => client.addServer('d:1')).toThrow(MemcacheClosedError)
    expect(cluster.server('a:1').isClosed).toBe(false)
    open()
    expect(await call).toBe('miss')
    await closed
    for (const server of cluster.servers.values()) expect(server.isClosed).toBe(true)
  })
})

describe('a closed client', () => {
  it('stays closed: connect() and all else reject, and no server is asked', async () => {
    const cluster = new FakeCluster(names)
    const { client } = cluster
    await client.set('key', 1)
    await client.close()
    for (const server of cluster.servers.values()) server.log.length = 0
    const closed = { code: 'MEMCACHE_CLOSED' }
    await expect(client.connect()).rejects.toMatchObject(closed)
    await expect(client.get('key')).rejects.toMatchObject(closed)
    await expect(client.replaceServer('a:1')).rejects.toMatchObject(closed)
    await client.quit()
    await client.close()
    for (const server of cluster.servers.values()) expect(server.log).toEqual([])
  })

  it('of no servers too', async () => {
    const client = new HashClient([])
    await client.connect()
    expect(client.servers).toEqual([])
    await expect(client.get('key')).rejects.toThrow('there are no servers')
    await client.close()
    await expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  })
})

describe('an option that cannot be meant', () => {
  it.each<readonly [HashClientOptions, typeof TypeError | typeof RangeError]>([
    [{ retryAttempts: -1 }, RangeError],
    [{ retryAttempts: 1.5 }, RangeError],
    [{ retryTimeout: -1 }, RangeError],
    [{ deadTimeout: Number.NaN }, RangeError],
    [{ maxDeadServers: -1 }, RangeError],
    [{ maxDeadShare: 1.1 }, RangeError],
    [{ keysPerBatch: 0 }, RangeError],
    [{ failover: 'sometimes' as 'none' }, TypeError],
    [{ keyHashForm: 'java' as 'text' }, TypeError],
    [{ ignoreExc: 1 as unknown as boolean }, TypeError],
  ])('%j throws', (options, type) => {
    expect(() => new HashClient(names, options)).toThrow(type)
  })

  it('such as an address throws', () => {
    expect(() => new HashClient(['a:b'])).toThrow(MemcacheIllegalInputError)
  })
})
