import { type CommandOptions, MemcacheConnectError } from '@mc/protocol'
import { describe, expect, it } from 'vitest'
import { HashClient, type HashClientOptions } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { FakeServer } from './fake-server.ts'
import { gate, settled } from './waiting.ts'

const names = ['a:1', 'b:1', 'c:1']
const keys = Array.from({ length: 300 }, (_, i) => `key${i}`)

describe('a server that is replaced', () => {
  it('keeps its keys, and its old client finishes what is under way', async () => {
    const cluster = new FakeCluster(names)
    const { client } = cluster
    await client.setMany(keys.map((key) => [key, 1] as const))
    const old = cluster.server('b:1')
    const { promise, open } = gate()
    old.gate = promise
    const key = cluster.keyOn('b:1')
    const under = client.get(key)
    const replaced = client.replaceServer('b:1')
    await settled()
    expect(old.isClosed).toBe(false)
    expect(cluster.server('b:1')).not.toBe(old)
    expect(cluster.events).toEqual([['replaced', 'b:1']])

    await client.setMany(keys.map((each) => [each, 2] as const))
    expect([...cluster.server('b:1').items.keys()]).toEqual([...old.items.keys()])
    open()
    expect(await under).toBe(1)
    await replaced
    expect(old.isClosed).toBe(true)
    expect(client.servers.map(({ name }) => name)).toEqual(names)
  })

  it('is taken for well, and has its keys back if it was dead', async () => {
    const cluster = new FakeCluster(names)
    const key = cluster.keyOn('b:1')
    await cluster.kill('b:1')
    await cluster.client.set(key, 'elsewhere')
    await cluster.client.replaceServer('b:1')
    expect(cluster.statusOf('b:1')).toMatchObject({ state: 'healthy', failures: 0 })
    await cluster.client.set(key, 'home')
    expect(cluster.server('b:1').items.get(key)).toBe('home')
  })

  it('is not brought back twice by a probe of its old client', async () => {
    const cluster = new FakeCluster(names)
    await cluster.kill('b:1')
    const old = cluster.server('b:1')
    const { promise, open } = gate()
    old.gate = promise
    old.fault = undefined
    cluster.time += 100_000
    await cluster.client.get(cluster.keyOn('a:1'))
    const replaced = cluster.client.replaceServer('b:1')
    open()
    await replaced
    await settled()
    expect(cluster.events.map(([event]) => event)).toEqual(['dead', 'replaced'])
    await cluster.client.removeServer('b:1')
    expect(await cluster.client.getMany(keys)).toEqual(new Map())
  })

  it('must be there', async () => {
    const { client } = new FakeCluster(names)
    await expect(client.replaceServer('d:1')).rejects.toThrow('no such server: d:1')
    await client.close()
    await expect(client.replaceServer('a:1')).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  })
})

it('each connection failure short of death is told once', async () => {
  const cluster = new FakeCluster(names)
  const server = cluster.server('a:1')
  server.refuse()
  const told: string[] = []
  cluster.client.on('failing', (name) => told.push(name))
  const own = cluster.keysOn('a:1', 5)
  await Promise.allSettled(own.map((key) => cluster.client.get(key)))
  await settled()
  expect(told).toEqual(['a:1'])
})

describe('servers that a subclass awaits', () => {
  /** A client whose servers come when told to. */
  class LateClient extends HashClient {
    readonly server = new FakeServer()
    readonly #servers: Promise<void>

    constructor(servers: Promise<void>, options: HashClientOptions = {}) {
      super([], { createClient: () => this.server, ...options })
      this.#servers = servers
    }

    protected override awaitServers(): Promise<void> {
      return this.#servers
    }
  }

  it('are what calls of all kinds wait for', async () => {
    const { promise, open } = gate()
    const client = new LateClient(promise)
    const calls = [
      ...[client.set('key', 1), client.setMany({ other: 2 }), client.flushAll()],
      ...[client.incr('key'), client.getMany(['none']), client.connect()],
    ]
    await settled()
    expect(client.server.log).toEqual([])
    client.addServer('a:1')
    open()
    expect(await Promise.all(calls)).toEqual([true, [], true, undefined, new Map(), undefined])
    await client.close()
  })

  it('that do not come fail the calls with the reason, or are ignored', async () => {
    const reason = new MemcacheConnectError('no servers to be had')
    const client = new LateClient(Promise.reject(reason))
    for (const call of [client.get('key'), client.getMany(['key']), client.version()]) {
      await expect(call).rejects.toBe(reason)
    }
    const ignoring = new LateClient(Promise.reject(reason), { ignoreExc: true })
    expect(await ignoring.get('key', { default: 0 })).toBe(0)
    expect(await ignoring.setMany({ key: 1 })).toEqual(['key'])
    expect(await ignoring.flushAll()).toBe(false)
    await Promise.all([client.close(), ignoring.close()])
  })

  it.each<[string, CommandOptions, object]>([
    ['timeout', { timeout: 5 }, { code: 'MEMCACHE_TIMEOUT', written: false }],
    ['signal', { signal: AbortSignal.timeout(5) }, { name: 'TimeoutError' }],
  ])('are awaited no longer than the %s of the call says', async (_, options, error) => {
    const client = new LateClient(gate().promise)
    await expect(client.get('key', options)).rejects.toMatchObject(error)
    await expect(client.deleteMany(['key'], options)).rejects.toMatchObject(error)
    await client.close()
  })

  it('that do not come are no unhandled rejection when the call is aborted already', async () => {
    const client = new LateClient(Promise.reject(new Error('no servers')))
    const reason = new Error('changed my mind')
    await expect(client.get('key', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await settled()
    await client.close()
  })

  it('may come while the client closes, for the calls that wait', async () => {
    const { promise, open } = gate()
    const client = new LateClient(promise)
    const call = client.set('key', 1)
    const closing = client.close()
    await expect(client.get('key')).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    client.addServer('a:1')
    open()
    expect(await call).toBe(true)
    await closing
    expect(client.server.isClosed).toBe(true)
    expect(() => client.addServer('b:1')).toThrow('the client is closed')
  })
})
