import { promises as dns } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { describe, expect, it, onTestFinished, test, vi } from 'vitest'
import { isLong } from '../../../../test-support/amounts.ts'
import {
  DiscoveringHashClient,
  type DiscoverySource,
  type DnsResolver,
  type DnsServersOptions,
  dnsServers,
} from '../../src/index.ts'
import { type Answering, addresses, DnsServer, srv } from '../support/dns-server.ts'

const NAME = 'cache.test'

const discover = (source: DiscoverySource, signal = new AbortController().signal) =>
  source.discover({ timeout: 5000 }, signal)

const hostsOf = async (source: DiscoverySource) =>
  (await discover(source)).nodes.map(({ host, ip, port }) => [host, ip, port].join(' ')).sort()

async function errorOf(source: DiscoverySource): Promise<unknown> {
  return discover(source).catch((error: unknown) => error)
}

/** Name servers in place of those of the system. */
function useAsSystems(servers: readonly string[]): void {
  const { Resolver } = dns
  vi.spyOn(dns, 'Resolver').mockImplementation(function resolverOfSystem(options) {
    const resolver = new Resolver(options)
    resolver.setServers(servers)
    return resolver
  })
  onTestFinished(() => void vi.restoreAllMocks())
}

describe('addresses', () => {
  test('are asked for whole names, and are the servers', async () => {
    await using server = await DnsServer.start(() => addresses(NAME, ['10.0.0.2', '10.0.0.1']))
    const resolver = server.resolver()
    const source = dnsServers('Cache.TEST.', { resolver, port: 11_300 })
    expect(source.name).toBe('A records of cache.test')
    expect(await hostsOf(source)).toEqual(['10.0.0.1  11300', '10.0.0.2  11300'])
    expect(server.questions).toEqual([expect.objectContaining({ name: 'cache.test', type: 'A' })])
  })

  test('of IPv6 as well, each once', async () => {
    await using server = await DnsServer.start(() => addresses(NAME, ['fd00::1', 'fd00:0::1']))
    const resolver = server.resolver()
    expect(await hostsOf(dnsServers(NAME, { resolver, type: 'AAAA' }))).toEqual(['fd00::1  11211'])
  })

  test.each([
    { ttls: [1, 2], interval: 10_000, validFor: 10_000 },
    { ttls: [60, 30], interval: 10_000, validFor: 30_000 },
    { ttls: [0], interval: 1, validFor: 1 },
    { ttls: [2_000_000], interval: 10_000, validFor: 3_600_000 },
  ])('are valid as long as they say, not below the interval: %o', async (rules) => {
    const { ttls, interval, validFor } = rules
    const answers = ttls.flatMap((ttl, i) => addresses(NAME, [`10.0.0.${i}`], ttl))
    await using server = await DnsServer.start(() => answers)
    const source = dnsServers(NAME, { resolver: server.resolver(), interval })
    expect((await discover(source)).validFor).toBe(validFor)
  })

  test('may be ten thousand', async () => {
    const list = Array.from({ length: 10_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
    const resolver = {
      resolve4: async () => list.map((address) => ({ address, ttl: 5 })),
    } as unknown as DnsResolver
    const all = { ...resolver, resolve6: resolver.resolve4, resolveSrv: async () => [] }
    expect(new Set(await hostsOf(dnsServers(NAME, { resolver: all }))).size).toBe(10_000)
  })
})

describe('SRV records', () => {
  test('name the servers, and their addresses are looked up', async () => {
    await using server = await DnsServer.start(({ type, name }) => {
      if (type === 'SRV') {
        const targets = ['A.test', 'b.test', 'gone.test', 'six.test', 'a.test']
        return [...targets.map((target) => srv(target, 11_211)), srv('standby.test', 11_211, 10)]
      }
      if (name.toLowerCase() === 'a.test')
        return addresses(name, type === 'A' ? ['10.0.0.9', '10.0.0.1'] : [])
      if (name === 'b.test') return addresses(name, type === 'A' ? ['10.0.0.2'] : [])
      if (name === 'six.test') return addresses(name, type === 'AAAA' ? ['fd00::6'] : [])
      return 'NXDOMAIN'
    })
    expect(await hostsOf(dnsServers(NAME, { resolver: server.resolver(), type: 'SRV' }))).toEqual([
      'a.test 10.0.0.1 11211',
      'b.test 10.0.0.2 11211',
      'six.test fd00::6 11211',
    ])
  })

  test('are looked up at the interval, as their own TTL is not known', async () => {
    await using server = await DnsServer.start(({ type, name }) =>
      type === 'SRV' ? [srv('a.test', 11_211)] : addresses(name, ['10.0.0.1'], 3600),
    )
    const source = dnsServers(NAME, { resolver: server.resolver(), type: 'SRV', interval: 7000 })
    expect((await discover(source)).validFor).toBe(7000)
  })

  test('fail when the look-up of a target does, or all are gone', async () => {
    let answer: 'NXDOMAIN' | Buffer = 'NXDOMAIN'
    await using server = await DnsServer.start(({ type }) =>
      type === 'SRV' ? [srv('a.test', 11_211)] : answer,
    )
    const source = dnsServers(NAME, { resolver: server.resolver(), type: 'SRV' })
    expect(await errorOf(source)).toMatchObject({ message: 'the answer lists no server' })
    answer = Buffer.from('nonsense')
    expect(await errorOf(source)).toBeInstanceOf(Error)
  })
})

describe('an answer fails', () => {
  test.each<[string, Answering, string | undefined]>([
    ['that there is no such name', () => 'NXDOMAIN', 'ENOTFOUND'],
    ['that is empty', () => [], 'ENODATA'],
    ['that has records of another type', () => addresses(NAME, ['fd00::1']), 'ENODATA'],
    ['that is no answer', () => Buffer.from('nonsense of some length'), undefined],
  ])('%s', async (_, answering, code) => {
    await using server = await DnsServer.start(answering)
    const error = await errorOf(dnsServers(NAME, { resolver: server.resolver(200) }))
    expect(error).toBeInstanceOf(Error)
    if (code !== undefined) expect(error).toMatchObject({ code })
  })

  test('that does not come, and keeps no thread from other work', async () => {
    await using server = await DnsServer.start(() => undefined)
    const looking: Promise<unknown>[] = Array.from({ length: 20 }, () => {
      return errorOf(dnsServers(NAME, { resolver: server.resolver(30_000) }))
    })
    await expect.poll(() => server.questions.length).toBe(20)
    // Each of these takes one of the four threads.
    for (let i = 0; i < 8; i++) {
      await readFile(new URL(import.meta.url))
      await promisify(zlib.gzip)('x'.repeat(100))
    }
    expect(await Promise.race([...looking, 'still looking'])).toBe('still looking')
  })
})

test('a client asks again when the answer has ended, and not before', async () => {
  await using server = await DnsServer.start(({ name }) =>
    addresses(name, ['10.0.0.1'], name === 'long.test' ? 3600 : 0),
  )
  const asked = (name: string) => server.questions.filter((it) => it.name === name).length
  for (const name of ['long.test', 'short.test']) {
    const source = dnsServers(name, { resolver: server.resolver(), interval: 1 })
    const client = new DiscoveringHashClient(source, { pollInterval: 1 })
    onTestFinished(() => client.close())
    await client.refresh()
  }
  await expect.poll(() => asked('short.test')).toBeGreaterThan(50)
  expect(asked('long.test')).toBe(1)
})

test('while look-ups are not answered, files are read and data is compressed', {
  tags: ['long'],
  timeout: 120_000,
}, async () => {
  await using server = await DnsServer.start(() => undefined)
  const discoveryTimeout = isLong ? 30_000 : 2000
  useAsSystems(server.resolver().getServers())
  const clients = Array.from({ length: 20 }, () => {
    return new DiscoveringHashClient(dnsServers(NAME), { discoveryTimeout })
  })
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()))
  })
  const calls = clients.map((client) => client.get('key', { timeout: 60_000 }))
  let isOver = false
  const first = Promise.race(calls).finally(() => {
    isOver = true
  })
  const refused = expect(first).rejects.toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
  await expect.poll(() => server.questions.length).toBeGreaterThanOrEqual(20)
  let done = 0
  for (; !isOver; done++) {
    await readFile(new URL(import.meta.url))
    await promisify(zlib.gzip)('x'.repeat(100))
  }
  await refused
  await Promise.allSettled(calls)
  // Look-ups by `getaddrinfo` would let through one at most.
  expect(done).toBeGreaterThan(4)
})

test('a name server that does not answer does not hide the next one', async () => {
  await using silent = await DnsServer.start(() => undefined)
  await using server = await DnsServer.start(() => addresses(NAME, ['10.0.0.1']))
  const systems = [silent, server].flatMap((it) => it.resolver().getServers())
  useAsSystems(systems)
  const client = new DiscoveringHashClient(dnsServers(NAME))
  onTestFinished(() => client.close())
  expect((await client.refresh()).nodes).toEqual([{ host: '10.0.0.1', port: 11_211 }])
  expect(silent.questions).not.toEqual([])
})

it.each<[string, unknown, DnsServersOptions, string]>([
  [
    'no name',
    undefined,
    {},
    "name must be a name of the DNS, such as 'cache.example.com', got undefined",
  ],
  ['an address', '10.0.0.1', {}, 'got "10.0.0.1"'],
  ['a name with a port', 'cache:11211', {}, 'got "cache:11211"'],
  ['an empty label', 'cache..test', {}, 'got "cache..test"'],
  ['another type', NAME, { type: 'MX' as never }, 'type must be one of A, AAAA, SRV, got MX'],
  ['a port of 0', NAME, { port: 0 }, 'port must be an integer from 1 to 65535, got 0'],
  ['no interval', NAME, { interval: 0 }, 'interval must be from 1 to'],
  [
    'what is no resolver',
    NAME,
    { resolver: {} as never },
    'resolver must be a Resolver of node:dns',
  ],
  [
    'a misspelt option',
    NAME,
    { prot: 1 } as never,
    'there is no option "prot": did you mean port?',
  ],
])('refuses %s', (_, name, options, message) => {
  expect(() => dnsServers(name as string, options)).toThrow(message)
})
