import { expect, onTestFinished, test } from 'vitest'
import {
  DiscoveringHashClient,
  type DnsResolver,
  type DnsServersOptions,
  dnsServers,
} from '../../src/index.ts'
import { addresses, DnsServer } from '../support/dns-server.ts'

const COUNT = 10_000
const NUMBERS = Array.from({ length: COUNT }, (_, i) => i)
const ipOf = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`

function follow(options: DnsServersOptions): DiscoveringHashClient {
  const client = new DiscoveringHashClient(dnsServers('cache.test', options), {
    discoveryTimeout: 60_000,
  })
  onTestFinished(() => client.close())
  return client
}

/** A resolver that knows of more records than a message of the DNS can hold, and asks for the others. */
function knowing(own: Partial<DnsResolver>, other: DnsResolver): DnsResolver {
  return {
    resolve4: (name, options) => (own.resolve4 ?? other.resolve4.bind(other))(name, options),
    resolve6: (name, options) => other.resolve6(name, options),
    resolveSrv: (name) => (own.resolveSrv ?? other.resolveSrv.bind(other))(name),
  }
}

test('more addresses than a datagram holds come by TCP', async () => {
  const list = NUMBERS.slice(0, 2400).map(ipOf)
  await using server = await DnsServer.start(({ name }) => addresses(name, list))
  const client = follow({ resolver: server.resolver() })
  await client.refresh()
  expect(new Set(client.servers.map(({ name }) => name))).toEqual(
    new Set(list.map((ip) => `${ip}:11211`)),
  )
})

test('ten thousand addresses are followed, and only the keys of those that leave move', async () => {
  await using server = await DnsServer.start()
  let listed = NUMBERS
  const resolve4 = async () => listed.map((i) => ({ address: ipOf(i), ttl: 5 })).reverse()
  const client = follow({ resolver: knowing({ resolve4 }, server.resolver()) })
  await client.refresh()
  expect(client.servers).toHaveLength(COUNT)
  const keys = NUMBERS.slice(0, 500).map((i) => `key${i}`)
  const before = keys.map((key) => client.serverFor(key))
  listed = [...NUMBERS.slice(10), 20_000]
  await client.refresh()
  const names = new Set(client.servers.map(({ name }) => name))
  expect(names).toEqual(new Set(listed.map((i) => `${ipOf(i)}:11211`)))
  for (const [i, key] of keys.entries()) {
    const owner = client.serverFor(key)
    const stays = names.has(before[i] as string) && owner !== `${ipOf(20_000)}:11211`
    if (stays) expect(owner).toBe(before[i])
    else expect(names).toContain(owner)
  }
})

test('ten thousand targets of SRV records are looked up, each once', async () => {
  await using server = await DnsServer.start(({ name, type }) =>
    addresses(name, type === 'A' ? [ipOf(Number(name.split(/[-.]/)[1]))] : []),
  )
  const records = NUMBERS.map((i) => ({
    ...{ name: `Node-${i}.test.`, port: 11_211, priority: 0, weight: 1 },
  }))
  const resolver = knowing({ resolveSrv: async () => records }, server.resolver())
  const client = follow({ resolver, type: 'SRV' })
  const { nodes } = await client.refresh()
  expect(nodes).toHaveLength(COUNT)
  for (const { host, ip } of nodes) {
    expect(ip).toBe(ipOf(Number(host.split(/[-.]/)[1])))
  }
  expect(server.questions.filter(({ type }) => type === 'A').length).toBe(COUNT)
})
