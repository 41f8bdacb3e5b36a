import { MemcachedServer, memcached, type TestServer } from '@mc/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isLong } from '../../../../test-support/amounts.ts'
import { DiscoveringHashClient, dnsServers } from '../../src/index.ts'
import { addresses, DnsServer, srv } from '../support/dns-server.ts'

const LANES = 64

/** A fleet that is listed in the DNS. */
class Fleet {
  readonly dns: DnsServer
  readonly servers: readonly TestServer[]
  /** Which of them are listed. */
  listed: readonly number[] = []

  static async start(count: number, start: () => Promise<TestServer>): Promise<Fleet> {
    const servers = await Promise.all(Array.from({ length: count }, start))
    const fleet = new Fleet(await DnsServer.start(), servers)
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()))
      await fleet.dns[Symbol.asyncDispose]()
    })
    return fleet
  }

  private constructor(dns: DnsServer, servers: readonly TestServer[]) {
    this.dns = dns
    this.servers = servers
    dns.answering = ({ type, name }) => {
      if (type === 'SRV') return this.listed.map((i) => srv(`node-${i}.test`, this.#portOf(i)))
      return addresses(name, type === 'A' ? ['127.0.0.1'] : [], 0)
    }
  }

  #portOf(index: number): number {
    return (this.servers[index] as TestServer).port
  }

  namesOf(indexes: readonly number[]): string[] {
    return indexes.map((i) => `node-${i}.test:${this.#portOf(i)}`).sort()
  }

  client(): DiscoveringHashClient {
    const source = dnsServers('cache.test', {
      ...{ type: 'SRV', interval: 1, resolver: this.dns.resolver() },
    })
    const client = new DiscoveringHashClient(source, {
      allowNode: () => true,
      timeout: 10_000,
      discoveryTimeout: 10_000,
    })
    onTestFinished(() => client.close())
    return client
  }
}

const KINDS = [
  { name: 'embedded', tags: [], start: () => MemcachedServer.start() },
  { name: 'memcached', tags: ['memcached'], start: () => memcached.start() },
]

describe.each(KINDS)('a fleet of $name', ({ start, tags }) => {
  test('grows, shrinks and moves by DNS alone: no call fails, no value is wrong', {
    tags,
  }, async () => {
    const fleet = await Fleet.start(7, start)
    fleet.listed = [0, 1, 2]
    const client = fleet.client()
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    let isOver = false
    const counts = { reads: 0, hits: 0 }
    const lane = async (number: number): Promise<void> => {
      for (let i = 0; !isOver; i++) {
        const key = `lane-${number}-${i % 5}`
        await client.set(key, `${key} ${i}`)
        const value = await client.get(key)
        counts.reads++
        // A key that has moved since has no value there yet.
        if (value === undefined) continue
        counts.hits++
        expect(value).toBe(`${key} ${i}`)
      }
    }
    const lanes = Array.from({ length: LANES }, (_, i) => lane(i))
    const readsMore = async (): Promise<void> => {
      const enough = counts.reads + (isLong ? 20_000 : 1000)
      await expect.poll(() => counts.reads).toBeGreaterThan(enough)
    }
    for (const listed of [
      [0, 1, 2],
      [4, 2, 0, 1, 3, 3],
      [3, 4],
      [3, 5, 6],
    ]) {
      fleet.listed = listed
      const names = fleet.namesOf([...new Set(listed)])
      await expect.poll(() => client.servers.map(({ name }) => name).sort()).toEqual(names)
      await readsMore()
    }
    isOver = true
    await Promise.all(lanes)
    expect(errors).toEqual([])
    expect(counts.hits).toBeGreaterThan(counts.reads * 0.9)
  })
})

test('a name without an answer keeps the servers, and says so by an event', async () => {
  const fleet = await Fleet.start(2, () => MemcachedServer.start())
  fleet.listed = [0, 1]
  const client = fleet.client()
  const errors: [Error, string][] = []
  client.on('error', (...event) => errors.push(event))
  expect(await client.set('key', 'value')).toBe(true)
  fleet.listed = []
  await expect.poll(() => errors.length).toBeGreaterThan(0)
  expect(errors[0]?.[0]).toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
  expect(errors[0]?.[1]).toBe('SRV records of cache.test')
  expect(await client.get('key')).toBe('value')
  expect(client.servers).toHaveLength(2)
})

test('a node that gets another address keeps its keys', async () => {
  const fleet = await Fleet.start(2, () => MemcachedServer.start())
  fleet.listed = [0, 1]
  const client = fleet.client()
  await client.connect()
  const replaced: string[] = []
  client.on('replaced', (name) => replaced.push(name))
  const before = client.serverFor('key')
  const { answering } = fleet.dns
  fleet.dns.answering = (question) => {
    if (question.type === 'SRV') return answering(question)
    return addresses(question.name, question.type === 'A' ? ['127.0.0.2'] : [])
  }
  await expect.poll(() => replaced.sort()).toEqual(fleet.namesOf([0, 1]))
  expect(client.serverFor('key')).toBe(before)
})
