import type { ServerEvent } from '@mc/protocol'
import { MemcachedServer, memcached, type TestServer } from '@mc/testing'
import { encode } from 'dns-packet'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isLong } from '../../../../test-support/amounts.ts'
import { recordEvents } from '../../../../test-support/recorded-channel.ts'
import { DiscoveringHashClient, type DnsRecordType, dnsServers } from '../../src/index.ts'
import { type Answering, addresses, DnsServer, srv } from '../support/dns-server.ts'
import { Relay } from '../support/relay.ts'

const LANES = 64

/** A fleet that is listed in the DNS. */
class Fleet {
  readonly dns: DnsServer
  readonly servers: readonly TestServer[]
  /** Which of them are listed. */
  listed: readonly number[] = []
  /** Where they are. */
  host = '127.0.0.1'
  readonly #type: DnsRecordType
  readonly #byAddress: Relay[] = []

  static async start(
    count: number,
    start: () => Promise<TestServer>,
    type: DnsRecordType = 'SRV',
  ): Promise<Fleet> {
    const servers = await Promise.all(Array.from({ length: count }, start))
    const fleet = new Fleet(await DnsServer.start(), servers, type)
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()))
      await fleet.dns[Symbol.asyncDispose]()
    })
    if (type === 'A') await fleet.#spread()
    return fleet
  }

  private constructor(dns: DnsServer, servers: readonly TestServer[], type: DnsRecordType) {
    this.dns = dns
    this.servers = servers
    this.#type = type
    dns.answering = (question) => this.answer(question)
  }

  readonly answer: Answering = ({ type, name }) => {
    if (type === 'SRV') return this.listed.map((i) => srv(`node-${i}.test`, this.#portOf(i)))
    if (type !== 'A') return []
    const hosts = name === 'cache.test' ? this.listed.map(hostOf) : [this.host]
    return addresses(name, hosts, 0)
  }

  /** Gives each server an address of its own, and all the same port. */
  async #spread(): Promise<void> {
    for (const [i, server] of this.servers.entries()) {
      const relay = await Relay.start(hostOf(i), server, this.#byAddress[0]?.port)
      this.#byAddress.push(relay)
      onTestFinished(() => relay[Symbol.asyncDispose]())
    }
  }

  #portOf(index: number): number {
    return (this.#byAddress[0] ?? (this.servers[index] as TestServer)).port
  }

  namesOf(indexes: readonly number[]): string[] {
    const host = (i: number): string => (this.#type === 'SRV' ? `node-${i}.test` : hostOf(i))
    return indexes.map((i) => `${host(i)}:${this.#portOf(i)}`).sort()
  }

  /** Each of these nodes has another address and an empty server there, from now on. */
  async moveTo(host: string, indexes: readonly number[], server: TestServer): Promise<void> {
    for (const i of indexes) {
      const relay = await Relay.start(host, server, this.#portOf(i))
      onTestFinished(() => relay[Symbol.asyncDispose]())
    }
    this.host = host
  }

  client(): DiscoveringHashClient {
    const source = dnsServers('cache.test', {
      ...{ type: this.#type, interval: 1, resolver: this.dns.resolver() },
      ...(this.#type === 'A' && { port: this.#portOf(0) }),
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

function hostOf(index: number): string {
  return `127.0.1.${index + 1}`
}

/** Callers that write and read without a pause. What they store are the keys and how often they were written. */
class Lanes {
  readonly counts = { reads: 0, hits: 0 }
  /** Keys may come back to servers that have had them before. */
  mayReadOld = false
  #isOver = false
  readonly #client: DiscoveringHashClient
  readonly #running: Promise<void>[]

  constructor(client: DiscoveringHashClient) {
    this.#client = client
    this.#running = Array.from({ length: LANES }, (_, i) => this.#run(i))
  }

  async #run(number: number): Promise<void> {
    for (let i = 0; !this.#isOver; i++) {
      const key = `lane-${number}-${i % 5}`
      await this.#client.set(key, `${key} ${i}`)
      const value = await this.#client.get(key)
      this.counts.reads++
      // A key that has moved since has no value there yet.
      if (value === undefined) continue
      this.counts.hits++
      if (this.mayReadOld) expect(value).toMatch(new RegExp(`^${key} \\d+$`))
      else expect(value).toBe(`${key} ${i}`)
    }
  }

  async readMore(): Promise<void> {
    const enough = this.counts.reads + (isLong ? 20_000 : 1000)
    const wait = expect.poll(() => this.counts.reads, { timeout: isLong ? 120_000 : 20_000 })
    await Promise.race([Promise.all(this.#running), wait.toBeGreaterThan(enough)])
  }

  /** Rejects if a call has failed, or a value was wrong. */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }
}

const SERVERS = [
  { name: 'embedded', tags: [], start: () => MemcachedServer.start() },
  { name: 'memcached', tags: ['memcached'], start: () => memcached.start() },
]

describe.each(SERVERS)('a fleet of $name', ({ start, tags }) => {
  test.each(['SRV', 'A'] as const)(
    'grows, shrinks and moves by %s records alone: no call fails, no value is wrong',
    { tags: [...tags, 'long'], timeout: isLong ? 600_000 : 60_000 },
    async (type) => {
      const fleet = await Fleet.start(9, start, type)
      fleet.listed = [0, 1, 2, 3, 4]
      const client = fleet.client()
      const errors: Error[] = []
      client.on('error', (error) => errors.push(error))
      const events = recordEvents<ServerEvent>('mc:server', (it) => it.client === client)
      const namesBy = (name: string) =>
        events
          .filter(({ event }) => event === name)
          .map(({ server }) => server)
          .sort()
      const lanes = new Lanes(client)
      await lanes.readMore()
      const listedNow = () => client.servers.map(({ name }) => name).sort()
      // No key comes back to a server that had it before.
      for (const listed of [
        [5, 6, 4, 2, 0, 1, 3, 3],
        [6, 5],
        [7, 5],
      ]) {
        fleet.listed = listed
        const names = fleet.namesOf([...new Set(listed)])
        await expect.poll(listedNow).toEqual(names)
        await lanes.readMore()
      }
      if (type === 'SRV') {
        await fleet.moveTo('127.0.2.1', [5, 7], fleet.servers[8] as TestServer)
        await expect.poll(() => namesBy('replaced')).toEqual(fleet.namesOf([5, 7]))
        await lanes.readMore()
      }
      expect(lanes.counts.hits).toBeGreaterThan(lanes.counts.reads * 0.9)
      lanes.mayReadOld = true
      fleet.listed = [0, 1, 2, 3, 4]
      fleet.host = '127.0.0.1'
      await expect.poll(listedNow).toEqual(fleet.namesOf(fleet.listed))
      await lanes.readMore()
      await lanes.end()
      expect(errors).toEqual([])
      const listedTwice = [0, 1, 2, 3, 4].flatMap((i) => [i, i])
      expect(namesBy('added')).toEqual(fleet.namesOf([...listedTwice, 5, 6, 7]))
      expect(namesBy('removed')).toEqual(fleet.namesOf([0, 1, 2, 3, 4, 5, 6, 7]))
    },
  )
})

const OTHER_ANSWER = encode({
  type: 'response',
  questions: [{ type: 'A', name: 'other.test' }],
  answers: addresses('other.test', ['10.0.0.1']),
}).subarray(2)

describe('keeps the servers, and says so by an event:', () => {
  test.each<[string, Answering]>([
    ['a name without an answer', () => []],
    ['a name that is gone', () => 'NXDOMAIN'],
    ['a name server that fails', () => 'SERVFAIL'],
    ['a name server that talks nonsense', () => Buffer.from('nonsense')],
    ['a name server that is silent', () => undefined],
    ['an answer to another question', () => OTHER_ANSWER],
    [
      'an answer with metadata as a server',
      ({ type, name }) => addresses(name, type === 'A' ? ['169.254.169.254'] : []),
    ],
  ])('%s', async (_, answering) => {
    const fleet = await Fleet.start(2, () => MemcachedServer.start(), 'A')
    fleet.listed = [0, 1]
    const client = new DiscoveringHashClient(
      dnsServers('cache.test', {
        ...{ interval: 1, port: Number(fleet.namesOf([0])[0]?.split(':')[1]) },
        resolver: fleet.dns.resolver(),
      }),
      { allowNode: (host) => !host.startsWith('169.254.'), discoveryTimeout: 1000 },
    )
    onTestFinished(() => client.close())
    const errors: [Error, string][] = []
    client.on('error', (...event) => errors.push(event))
    await expect.poll(() => client.set('key', 'value').catch(() => false)).toBe(true)
    errors.length = 0
    const events = recordEvents<ServerEvent>('mc:server', (it) => it.client === client)
    fleet.dns.answering = answering
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    expect(errors[0]?.[0]).toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
    expect(errors[0]?.[1]).toBe('A records of cache.test')
    expect(events[0]).toMatchObject({ event: 'error', server: 'A records of cache.test' })
    expect(await client.get('key')).toBe('value')
    expect(client.servers.map(({ name }) => name).sort()).toEqual(fleet.namesOf([0, 1]))
    fleet.dns.answering = fleet.answer
    fleet.listed = [1]
    await expect.poll(() => client.servers.length).toBe(1)
  })
})

test('a node that gets another address keeps its keys', async () => {
  const fleet = await Fleet.start(2, () => MemcachedServer.start())
  fleet.listed = [0, 1]
  const client = fleet.client()
  await client.connect()
  const replaced: string[] = []
  client.on('replaced', (name) => replaced.push(name))
  const before = client.serverFor('key')
  fleet.host = '127.0.0.2'
  await expect.poll(() => replaced.sort()).toEqual(fleet.namesOf([0, 1]))
  expect(client.serverFor('key')).toBe(before)
})
