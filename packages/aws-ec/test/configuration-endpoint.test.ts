import {
  ConfigurationEndpointServer,
  type ConfigurationEndpointServerOptions,
  testCertificate,
} from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { configurationEndpoint, type DiscoveryConnection, type NodeList } from '../src/index.ts'

const { key, cert } = testCertificate()
const nodes = [
  { host: 'a.test', ip: '10.0.0.1', port: 11211 },
  { host: 'b.test', ip: 'fd00::2', port: 11212 },
  { host: 'c.test', ip: undefined, port: 11213 },
]

let endpoints: ConfigurationEndpointServer[] = []
afterEach(async () => {
  await Promise.all(endpoints.map((endpoint) => endpoint.stop()))
  endpoints = []
})

async function start(
  options?: ConfigurationEndpointServerOptions,
): Promise<ConfigurationEndpointServer> {
  const endpoint = await ConfigurationEndpointServer.start({ nodes, ...options })
  endpoints.push(endpoint)
  return endpoint
}

function ask(
  { name }: ConfigurationEndpointServer,
  connection: DiscoveryConnection = {},
  signal = new AbortController().signal,
): Promise<NodeList> {
  return configurationEndpoint(name).discover(connection, signal)
}

describe('an endpoint', () => {
  test.each([
    [
      'my-cluster.cfg.use1.cache.amazonaws.com:11211',
      'my-cluster.cfg.use1.cache.amazonaws.com:11211',
    ],
    ['1.1.1.1:11211', '1.1.1.1:11211'],
    ['localhost:11211', 'localhost:11211'],
    ['0001.cache:1', '0001.cache:1'],
    ['[::1]:11211', '::1:11211'],
    [['fd00::1', 11211], 'fd00::1:11211'],
    [{ host: 'a.test', port: 5 }, 'a.test:5'],
  ] as const)('may be %j', (endpoint, name) => {
    expect(configurationEndpoint(endpoint).name).toBe(name)
  })

  test.each([
    ['my-cluster.cfg.use1.cache.amazonaws.com', 'a host without a port'],
    ['[::1]', 'a host without a port'],
    ['::1', 'a host without a port'],
    ['my.cluster:abc', 'port "abc" is not a decimal number'],
    ['my.cluster:123456', 'port must be an integer from 1 to 65535, got 123456'],
    ['my.cluster:0', 'port must be an integer from 1 to 65535, got 0'],
    ['my..cluster:11211', 'a host with an empty label'],
    ['.cluster:11211', 'a host with an empty label'],
    ['/run/memcached.sock', 'a Unix socket'],
    ['', 'host is empty'],
    [undefined, 'expected text'],
  ])('may not be %j', (endpoint, message) => {
    expect(() => configurationEndpoint(endpoint as string)).toThrow(message)
    expect(() => configurationEndpoint(endpoint as string)).toThrow(
      expect.objectContaining({ code: 'MEMCACHE_ILLEGAL_INPUT' }),
    )
  })
})

describe('the list', () => {
  test('comes with its version, IPv4, IPv6 and without an address', async () => {
    expect(await ask(await start({ version: 12 }))).toEqual({ version: 12, nodes })
  })

  test.each([1, 2, 3, 7, 50])('comes whole in segments of %i bytes', async (segment) => {
    const endpoint = await start()
    endpoint.mischief = { segment }
    expect(await ask(endpoint)).toEqual({ version: 1, nodes })
  })

  test('comes under the old key from engines before 1.4.14', async () => {
    for (const engineVersion of ['1.4.5', '1.4.13']) {
      const endpoint = await start({ engineVersion })
      expect(await ask(endpoint)).toEqual({ version: 1, nodes })
    }
  })

  test('of hundreds of nodes comes whole', async () => {
    const many = Array.from({ length: 500 }, (_, i) => ({ ...nodes[0]!, host: `node-${i}.test` }))
    expect((await ask(await start({ nodes: many }))).nodes).toHaveLength(500)
  })

  test('comes over IPv6', async () => {
    const endpoint = await start({ host: '::1' })
    expect(endpoint.name).toBe(`[::1]:${endpoint.port}`)
    expect((await ask(endpoint)).nodes).toEqual(nodes)
  })

  test('comes over TLS, with the name of the endpoint verified', async () => {
    const endpoint = await start({ tls: { key, cert } })
    const byName = configurationEndpoint(['localhost', endpoint.port])
    const { signal } = new AbortController()
    expect((await byName.discover({ tls: { ca: cert } }, signal)).nodes).toEqual(nodes)
    await expect(byName.discover({ tls: true }, signal)).rejects.toThrow('self-signed certificate')
  })

  test('is asked for on a connection of its own, which is closed afterwards', async () => {
    const endpoint = await start()
    await ask(endpoint)
    await ask(endpoint)
    expect(endpoint.polls).toBe(2)
    await expect.poll(() => endpoint.connections).toBe(0)
  })
})

describe('there is no list', () => {
  test('when the cluster has none yet', async () => {
    await expect(ask(await start({ nodes: [] }))).rejects.toThrow('the endpoint has no node list')
  })

  test('when the server is a plain memcached', async () => {
    const endpoint = await start({ engineVersion: '1.4.13', nodes: [] })
    await expect(ask(endpoint)).rejects.toThrow('the endpoint has no node list')
  })

  test.each<[string, (reply: Buffer) => Uint8Array | string, string]>([
    [
      'a length that is too short',
      (reply) => withLength(reply, -1),
      'does not end where its size says',
    ],
    [
      'a length that is too long',
      (reply) => withLength(reply, 1),
      'does not end where its size says',
    ],
    ['no END', (reply) => reply.subarray(0, -5), 'no reply before the deadline'],
    ['another line for END', (reply) => `${reply.subarray(0, -5)}STORED\r\n`, 'does not fit'],
    ['the list twice', (reply) => `${reply.subarray(0, -5)}${reply}`, 'does not fit'],
    [
      '10 MB',
      () => `CONFIG cluster 0 10485760\r\n${'x'.repeat(10_485_760)}\r\nEND\r\n`,
      'more than the limit',
    ],
    ['a line without end', () => 'x'.repeat(200_000), 'the line is too long'],
    [
      'a version that is none',
      (reply) => String(reply).replace('\n1\n', '\nx\n'),
      'is not a number',
    ],
    ['an error', () => 'SERVER_ERROR out of memory\r\n', 'out of memory'],
  ])('in a reply with %s', async (_, reply, message) => {
    const endpoint = await start()
    endpoint.mischief = { reply }
    await expect(ask(endpoint, { timeout: 200 })).rejects.toThrow(message)
    await expect.poll(() => endpoint.connections).toBe(0)
  })

  test('when half a reply comes and the connection closes', async () => {
    const endpoint = await start()
    endpoint.mischief = { stopAfter: 40, closes: true }
    await expect(ask(endpoint)).rejects.toThrow(
      expect.objectContaining({ code: 'MEMCACHE_UNEXPECTED_CLOSE' }),
    )
  })

  test('after the signal', async () => {
    const endpoint = await start()
    endpoint.mischief = { until: new Promise(() => {}) }
    const controller = new AbortController()
    const asked = ask(endpoint, {}, controller.signal)
    await expect.poll(() => endpoint.polls).toBe(1)
    controller.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    await expect.poll(() => endpoint.connections).toBe(0)
  })
})

function withLength(reply: Buffer, difference: number): string {
  return String(reply).replace(/ (\d+)\r\n/, (_, size) => ` ${Number(size) + difference}\r\n`)
}
