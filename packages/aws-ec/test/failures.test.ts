import { Client } from '@mc/client'
import type { GetOptions, Key } from '@mc/protocol'
import { ConfigurationEndpointServer } from '@mc/testing'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  configurationEndpoint,
  ElastiCacheHashClient,
  type ElastiCacheHashClientOptions,
  MemcacheDiscoveryError,
} from '../src/index.ts'
import { recordEvents, settled, TestCluster } from './support/cluster.ts'

let cluster: TestCluster
beforeEach(async () => {
  cluster = await TestCluster.start(2)
})
afterEach(() => cluster[Symbol.asyncDispose]())

describe('a poll that fails', () => {
  const payload = (text: string) => `CONFIG cluster 0 ${text.length}\r\n${text}\r\nEND\r\n`

  test.each<[string, (reply: Buffer) => Uint8Array | string]>([
    ['a wrong length', (reply) => String(reply).replace(/ \d+\r\n/, ' 5\r\n')],
    ['no END', (reply) => reply.subarray(0, -5)],
    ['a garbage version', () => payload('garbage\na|127.0.0.1|1\n')],
    ['a node twice', () => payload('99\na|127.0.0.1|1 a|127.0.0.2|1\n')],
    ['10 MB', () => payload(`99\n${'a|127.0.0.1|1 '.repeat(750_000)}\n`)],
    ['an empty list', () => payload('99\n\n')],
    ['no list', () => 'END\r\n'],
    ['an address that is none', () => payload('99\na|127.0.0.999|1\n')],
    ['a port that is none', () => payload('99\na||0\n')],
  ])('by a reply with %s leaves the list in force and is told once', async (_, reply) => {
    const client = cluster.client({ discoveryTimeout: 600 })
    await client.set('key', 'value')
    const before = client.nodeList
    const events = recordEvents(client)
    cluster.endpoint.mischief = { reply }
    const error = await client.refresh().catch((caught: unknown) => caught)
    await settled()
    expect(error).toBeInstanceOf(MemcacheDiscoveryError)
    expect(error).toMatchObject({ code: 'MEMCACHE_DISCOVERY', server: cluster.endpoint.name })
    expect(events).toEqual([['error', cluster.endpoint.name, error]])
    expect(client.nodeList).toEqual(before)
    expect(await client.get('key')).toBe('value')
    cluster.endpoint.mischief = {}
    expect(await client.refresh()).toEqual(before)
  })

  test('by any damage to a reply leaves the list, or a list that can be true, in force', async () => {
    const client = cluster.client({ discoveryTimeout: 60 })
    await client.connect()
    const errors = recordEvents(client).filter(([event]) => event === 'error')
    const damage = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 4 }),
      insert: fc.uint8Array({ maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        cluster.endpoint.mischief = { reply: (reply) => damages.reduce(damaged, reply) }
        const known = client.nodeList
        const told = errors.length
        const list = await client.refresh().catch((error) => {
          expect(error).toBeInstanceOf(MemcacheDiscoveryError)
          return undefined
        })
        await settled()
        if (list === undefined) expect(client.nodeList).toEqual(known)
        else {
          expect(errors).toHaveLength(told)
          expect(list.nodes.length).toBeGreaterThan(0)
          for (const { host, port } of list.nodes) {
            expect(host).toMatch(/^[\p{L}\p{M}\p{N}._-]+$|:/u)
            expect(port).toBeGreaterThan(0)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  test('never reaches a caller: commands go on', async () => {
    const client = cluster.client({ pollInterval: 1, minPollInterval: 1 })
    const events = recordEvents(client)
    await client.set('key', 'value')
    await cluster.endpoint.stop()
    await expect.poll(() => events.filter(([event]) => event === 'error').length).toBeGreaterThan(3)
    expect(await client.get('key')).toBe('value')
  })
})

function damaged(
  reply: Buffer,
  { at, remove, insert }: { at: number; remove: number; insert: Uint8Array },
): Buffer {
  const start = at % (reply.length + 1)
  return Buffer.concat([reply.subarray(0, start), insert, reply.subarray(start + remove)])
}

describe('an endpoint that is down at the start', () => {
  async function unused(): Promise<number> {
    const probe = await ConfigurationEndpointServer.start()
    const { port } = probe
    await probe.stop()
    return port
  }

  function connectTo(
    port: number,
    options: ElastiCacheHashClientOptions = {},
  ): ElastiCacheHashClient {
    return new ElastiCacheHashClient(configurationEndpoint(['127.0.0.1', port]), options)
  }

  test('makes connect reject with a clear error', async () => {
    const port = await unused()
    const client = connectTo(port)
    await expect(client.connect()).rejects.toMatchObject({
      code: 'MEMCACHE_DISCOVERY',
      message: expect.stringMatching(`^127.0.0.1:${port}: .*ECONNREFUSED`),
      server: `127.0.0.1:${port}`,
      written: false,
    })
    await client.close()
  })

  test('makes commands reject at once, without another attempt', async () => {
    cluster.endpoint.mischief = { stopAfter: 0, closes: true }
    const client = cluster.client({ minPollInterval: 50_000 })
    const refusal = { code: 'MEMCACHE_DISCOVERY', server: cluster.endpoint.name }
    await expect(client.get('key')).rejects.toMatchObject(refusal)
    cluster.endpoint.mischief = {}
    for (let i = 0; i < 100; i++) await expect(client.get('key')).rejects.toMatchObject(refusal)
    await expect(client.set('key', 1)).rejects.toMatchObject(refusal)
    await expect(client.getMany(['key'])).rejects.toMatchObject(refusal)
    await expect(client.flushAll()).rejects.toMatchObject(refusal)
    await expect(client.stats()).rejects.toMatchObject(refusal)
    expect(cluster.endpoint.polls).toBe(1)
    await client.connect()
    expect(await client.get('key')).toBeUndefined()
    expect(cluster.endpoint.polls).toBe(2)
  })

  test('gives each call an error of its own', async () => {
    let fail = (_: Error): void => {}
    const answer = new Promise<never>((_, reject) => {
      fail = reject
    })
    const client = new ElastiCacheHashClient(
      { name: 'a source', discover: () => answer },
      { minPollInterval: 50_000 },
    )
    const calls = (): Promise<unknown>[] => [
      ...[client.get('key'), client.set('key', 1), client.getMany(['key']), client.stats()],
      client.incr('key'),
    ]
    // Some wait for the poll, others come while its failure stands.
    const during = [...calls(), client.connect(), client.refresh()]
    await settled()
    const cause = new Error('no network')
    fail(cause)
    const errors = await errorsOf(during)
    errors.push(...(await errorsOf(calls())))
    for (const error of errors) {
      expect(error).toBeInstanceOf(MemcacheDiscoveryError)
      expect(error).toMatchObject({
        reason: 'no network',
        server: 'a source',
        cause,
        written: false,
      })
    }
    expect(new Set(errors).size).toBe(errors.length)
    await client.close()
  })

  test('gives each call that its closing ends an error of its own', async () => {
    const client = new ElastiCacheHashClient(
      { name: 'a source', discover: () => new Promise(() => {}) },
      { timeout: 50 },
    )
    const connects = [client.connect(), client.refresh(), client.connect()]
    const errors = errorsOf(connects)
    await client.close()
    expect(new Set(await errors).size).toBe(3)
  })

  test('is a miss with ignoreExc', async () => {
    const client = connectTo(await unused(), { ignoreExc: true })
    expect(await client.get('key', { default: 'none' })).toBe('none')
    expect(await client.getMany(['key'])).toEqual(new Map())
    expect(await client.setMany({ key: 1 })).toEqual(['key'])
    expect(await client.set('key', 1)).toBe(false)
    expect(await client.flushAll()).toBe(false)
    expect(await client.stats()).toEqual(new Map())
    await client.close()
  })

  test('is found by itself when it is back', async () => {
    const port = await unused()
    const client = connectTo(port, { minPollInterval: 5, pollInterval: 20 })
    await expect(client.connect()).rejects.toThrow()
    const endpoint = await ConfigurationEndpointServer.start({
      port,
      nodes: cluster.endpoint.nodes,
    })
    await expect.poll(() => client.nodeList?.nodes.length).toBe(2)
    expect(await client.set('key', 1)).toBe(true)
    await client.close()
    await endpoint.stop()
  })
})

async function errorsOf(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(calls)
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined))
}

describe('a command that waits for the first list', () => {
  test('waits no longer than its timeout', async () => {
    cluster.endpoint.mischief = { until: new Promise(() => {}) }
    const client = cluster.client()
    const late = { code: 'MEMCACHE_TIMEOUT', written: false }
    await expect(client.get('key', { timeout: 20 })).rejects.toMatchObject(late)
    await expect(client.getMany(['key'], { timeout: 20 })).rejects.toMatchObject(late)
    await expect(cluster.client({ timeout: 20 }).set('key', 1)).rejects.toMatchObject(late)
    await expect.poll(() => cluster.endpoint.polls).toBe(2)
  })

  test('has what is left of its timeout for the node', async () => {
    const timeouts: unknown[] = []
    class NotingClient extends Client {
      override get<T, D>(key: Key, options?: GetOptions<D>): Promise<T | D> {
        timeouts.push(options?.timeout)
        return super.get<T, D>(key, options)
      }
    }
    let now = 0
    const client = cluster.client({
      now: () => now,
      createClient: (address, options) => new NotingClient(address, options),
    })
    let answer = (): void => {}
    cluster.endpoint.mischief = {
      until: new Promise<void>((resolve) => {
        answer = resolve
      }),
    }
    const found = client.get('key', { timeout: 20_000 })
    await expect.poll(() => cluster.endpoint.polls).toBe(1)
    now = 3000
    answer()
    expect(await found).toBeUndefined()
    expect(timeouts).toEqual([17_000])
  })

  test('can be aborted', async () => {
    cluster.endpoint.mischief = { until: new Promise(() => {}) }
    const client = cluster.client()
    const reason = new Error('changed my mind')
    await expect(client.get('key', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const call = client.get('key', { signal: controller.signal })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  test('finishes when the client is closed meanwhile', async () => {
    let answer = (): void => {}
    cluster.endpoint.mischief = {
      until: new Promise<void>((resolve) => {
        answer = resolve
      }),
    }
    const client = cluster.client()
    const under = [client.set('key', 1), client.getMany(['key'])]
    await expect.poll(() => cluster.endpoint.polls).toBe(1)
    const closing = client.close()
    await expect(client.get('key')).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    answer()
    expect((await Promise.all(under))[0]).toBe(true)
    await closing
    await expect(client.refresh()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    await expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  })
})

describe('a connection that fails', () => {
  test('leads to a poll before the interval ends', async () => {
    const client = cluster.client({ pollInterval: 3_600_000, minPollInterval: 1 })
    await client.connect()
    const [first, second] = cluster.endpoint.nodes
    const fresh = { ...first!, ip: '127.0.0.2' }
    await cluster.startNode('', { host: fresh.ip, port: fresh.port })
    cluster.endpoint.setNodes([fresh, second!])
    await cluster.servers[0]?.stop()
    const replaced = new Promise((resolve) => client.once('replaced', resolve))
    const keys = Array.from({ length: 50 }, (_, i) => `key${i}`)
    await client.getMany(keys).catch(() => {})
    expect(await replaced).toBe(`node-1.test:${first?.port}`)
    expect(await client.setMany(keys.map((key) => [key, 1] as const))).toEqual([])
  })
})

describe('polling', () => {
  test('goes on at the interval, and ends with the client', async () => {
    const client = cluster.client({ pollInterval: 5 })
    await client.connect()
    await expect.poll(() => cluster.endpoint.polls).toBeGreaterThan(5)
    cluster.endpoint.setNodes(cluster.endpoint.nodes.slice(1))
    await expect.poll(() => client.servers.length).toBe(1)
    await client.close()
    await expect.poll(() => cluster.endpoint.connections).toBe(0)
    const { polls } = cluster.endpoint
    await new Promise((resolve) => setImmediate(resolve))
    expect(cluster.endpoint.polls).toBe(polls)
  })
})
