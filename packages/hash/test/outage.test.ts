import { describe, expect, it } from 'vitest'
import { isTurn } from '../../../test-support/amounts.ts'
import type { HashClient, HashClientOptions } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { gate, settled } from './waiting.ts'

const names = ['a:1', 'b:1', 'c:1']
const keys = Array.from({ length: 12 }, (_, i) => `key${i}`)

function refuseAll(cluster: FakeCluster): void {
  for (const server of cluster.servers.values()) server.refuse()
}

function mendAll(cluster: FakeCluster): void {
  for (const server of cluster.servers.values()) {
    server.fault = undefined
    server.log.length = 0
  }
}

/** Calls for all keys, every so many milliseconds. */
async function load(cluster: FakeCluster, milliseconds: number, step = 100): Promise<void> {
  for (const end = cluster.time + milliseconds; cluster.time < end; cluster.time += step) {
    await Promise.allSettled(keys.map((key) => cluster.client.get(key)))
    await settled()
  }
}

const states = ({ client }: FakeCluster): string[] => client.servers.map(({ state }) => state)

describe('the last server', () => {
  it.each<[string, readonly string[], HashClientOptions]>([
    ['of one', ['a:1'], {}],
    ['of three', names, {}],
    ['of three without rehash', names, { failover: 'none' }],
    ['of two', names.slice(1), { retryAttempts: 0 }],
  ])('%s is never dead: it is tried again every second', async (_, servers, options) => {
    const cluster = new FakeCluster(servers, options)
    refuseAll(cluster)
    await load(cluster, 20_000)
    expect(states(cluster).filter((state) => state === 'failing')).toHaveLength(1)
    expect(states(cluster).filter((state) => state === 'dead')).toHaveLength(servers.length - 1)
  })

  it('dies where maxDeadServers says so', async () => {
    const cluster = new FakeCluster(names, { maxDeadServers: 3 })
    refuseAll(cluster)
    await load(cluster, 5000)
    expect(states(cluster)).toEqual(['dead', 'dead', 'dead'])
  })
})

const situations: readonly HashClientOptions[] = [
  {},
  { failover: 'none' },
  { maxDeadServers: 3 },
  { failover: 'none', maxDeadServers: 3 },
]

// Quick runs have half of the situations, others by another seed.
describe.each(situations.filter((_, i) => isTurn(i, 2)))(
  'after an outage of all servers with %o',
  {
    tags: ['long'],
  },
  (options) => {
    it.each([2, 3, 5, 60].filter((_, i) => isTurn(i, 2)))(
      'of %i s, all keys are served within a second',
      async (seconds) => {
        const cluster = new FakeCluster(names, options)
        refuseAll(cluster)
        await load(cluster, seconds * 1000)
        mendAll(cluster)
        await load(cluster, 1100)
        expect(states(cluster)).toEqual(['healthy', 'healthy', 'healthy'])
        await Promise.all(keys.map((key) => cluster.client.get(key)))
      },
    )

    const firstCalls: readonly [string, (client: HashClient) => Promise<unknown>][] = [
      ['get', (client) => client.get('key')],
      ['set', (client) => client.set('key', 1)],
      ['getMany', (client) => client.getMany(keys)],
      ['deleteMany', (client) => client.deleteMany(keys)],
      ['flushAll', (client) => client.flushAll()],
      ['connect', (client) => client.connect()],
    ]
    it.each(firstCalls)('the first call of an idle client succeeds: %s', async (name, call) => {
      const cluster = new FakeCluster(names, options)
      refuseAll(cluster)
      await load(cluster, 5000)
      mendAll(cluster)
      cluster.time += 600_000
      await call(cluster.client)
      await load(cluster, 100)
      expect([name, ...states(cluster)]).toEqual([name, 'healthy', 'healthy', 'healthy'])
    })

    it('servers are asked once a second each until then', async () => {
      const cluster = new FakeCluster(names, options)
      refuseAll(cluster)
      await load(cluster, 10_000)
      for (const server of cluster.servers.values()) server.log.length = 0
      await load(cluster, 30_000)
      for (const server of cluster.servers.values()) {
        // All calls of one round are one attempt to connect.
        expect(new Set(server.log).size).toBeLessThanOrEqual(1)
      }
    })
  },
)

it('a call that started the probes waits for them no longer than its timeout and signal say', async () => {
  const cluster = new FakeCluster(names, { maxDeadServers: 3 })
  refuseAll(cluster)
  await load(cluster, 5000)
  const { promise, open } = gate()
  for (const server of cluster.servers.values()) server.gate = promise
  cluster.time += 2000
  await expect(cluster.client.get('key', { timeout: 5 })).rejects.toMatchObject({
    code: 'MEMCACHE_TIMEOUT',
    written: false,
  })
  // Other calls do not wait.
  await expect(cluster.client.get('key')).rejects.toThrow('all servers seem to be down')
  open()
  await settled()
})

it('a server that was dead before the outage is probed less and less often after it', async () => {
  const cluster = new FakeCluster(names)
  await cluster.kill('a:1')
  refuseAll(cluster)
  await load(cluster, 5000)
  const server = cluster.server('a:1')
  mendAll(cluster)
  server.refuse()
  const probes: number[] = []
  const start = cluster.time
  for (let i = 0; i < 600; i++) {
    server.log.length = 0
    await load(cluster, 100)
    if (server.log.length > 0) probes.push(Math.round((cluster.time - start) / 1000))
  }
  expect(probes.length).toBeGreaterThan(4)
  expect(probes.length).toBeLessThan(9)
})
