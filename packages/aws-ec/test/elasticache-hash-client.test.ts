import { Client } from '@mc/client'
import { HashClient, RendezvousHash } from '@mc/hash'
import { clientContract } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isTurn } from '../../../test-support/amounts.ts'
import { configurationEndpoint, ElastiCacheHashClient } from '../src/index.ts'
import { recordEvents, settled, TestCluster } from './support/cluster.ts'

const keys = Array.from({ length: 300 }, (_, i) => `key${i}`)
const entries = new Map(keys.map((key) => [key, `value of ${key}`]))

let cluster: TestCluster
beforeEach(async () => {
  cluster = await TestCluster.start(3)
})
afterEach(() => cluster[Symbol.asyncDispose]())

/** Which keys a server holds. */
async function keysOn({ port }: { readonly port: number }, host = '127.0.0.1'): Promise<string[]> {
  const alone = new Client([host, port])
  const found = await alone.getMany(keys)
  await alone.close()
  return [...found.keys()].map(String)
}

describe('a client', { tags: ['long'] }, () => {
  if (isTurn(0, 2)) {
    clientContract(
      {
        name: 'of one node',
        create: () => {
          cluster.endpoint.setNodes(cluster.endpoint.nodes.slice(0, 1))
          return cluster.client({ timeout: 10_000, connectTimeout: 10_000 })
        },
      },
      { describe, test },
    )
  }
  if (isTurn(1, 2)) {
    clientContract(
      {
        name: 'of three nodes',
        create: () => cluster.client({ timeout: 10_000, connectTimeout: 10_000 }),
        exceptions: {
          'one illegal key or value fails a many-key call before anything is sent':
            'values are checked by the client of each server, when others may have sent theirs',
        },
      },
      { describe, test },
    )
  }
})

describe('a client', () => {
  test('asks for the nodes at its first command, and once for many', async () => {
    const client = cluster.client()
    await settled()
    expect([cluster.endpoint.polls, client.nodeList]).toEqual([0, undefined])
    expect(await Promise.all(keys.map((key) => client.get(key)))).toHaveLength(300)
    expect(cluster.endpoint.polls).toBe(1)
    expect(client.nodeList).toEqual({ version: 1, nodes: cluster.endpoint.nodes })
  })

  test.each<[string, (client: ElastiCacheHashClient) => Promise<unknown>, unknown]>([
    ['getMany', (client) => client.getMany(['a', 'b']), new Map()],
    ['setMany', (client) => client.setMany({ a: 1 }), []],
    ['deleteMany', (client) => client.deleteMany(['a', 'b']), true],
    ['flushAll', (client) => client.flushAll(), true],
    ['incr', (client) => client.incr('a', 2n), undefined],
    ['cas', (client) => client.cas('a', 1, '1'), undefined],
    ['connect', (client) => client.connect(), undefined],
  ])('may begin with %s', async (_, call, answer) => {
    expect(await call(cluster.client())).toEqual(answer)
  })

  test('answers statistics by the names of its nodes', async () => {
    const names = cluster.endpoint.nodes.map(({ host, port }) => `${host}:${port}`)
    expect([...(await cluster.client().stats()).keys()]).toEqual(names)
    expect([...(await cluster.client().version()).keys()]).toEqual(names)
  })

  test('refuses an illegal key before it asks for nodes', async () => {
    const client = cluster.client()
    const refusal = { code: 'MEMCACHE_ILLEGAL_INPUT' }
    await expect(client.get('a b')).rejects.toMatchObject(refusal)
    await expect(client.getMany(['a', 'a b'])).rejects.toMatchObject(refusal)
    await expect(client.set('é', 1)).rejects.toMatchObject(refusal)
    expect(cluster.endpoint.polls).toBe(0)
  })

  test.each([
    [{ nodeName: 'name' }, 'nodeName must be one of host, ip, got name'],
    [{ connectTo: 'dns' }, 'connectTo must be one of ip, host, got dns'],
    [{ pollInterval: 0 }, 'pollInterval must be from 1 to'],
    [{ pollInterval: true }, 'pollInterval must be a number of milliseconds, got boolean'],
    [{ minPollInterval: -1 }, 'minPollInterval must be from 1 to'],
    [{ discoveryTimeout: Number.NaN }, 'discoveryTimeout must be from 1 to'],
    [{ timeout: 0 }, 'timeout must be from 1 to'],
    [
      { tls: 'yes' },
      'tls must be a boolean, options of tls.connect, or a function that returns either, got string',
    ],
    [{ keyPrefix: 'a b' }, 'whitespace'],
  ])('with the options %o is refused at once', (options, message) => {
    const source = configurationEndpoint('localhost:1')
    expect(() => new ElastiCacheHashClient(source, options as object)).toThrow(message)
  })

  test('must be given a source', () => {
    expect(() => new ElastiCacheHashClient('localhost:11211' as never)).toThrow(
      "source must be a source of servers, such as dnsServers('cache.internal') or configurationEndpoint('host:port')",
    )
  })

  test('with clients made by the user has the address and the options for it', async () => {
    const made: unknown[] = []
    const client = cluster.client({
      keyPrefix: 'app:',
      createClient: (address, options) => {
        made.push(address)
        expect(Object.keys(options)).not.toContain('pollInterval')
        return new Client(address, options)
      },
    })
    await client.set('key', 1)
    expect(made).toEqual(cluster.endpoint.nodes.map(({ ip, port }) => ({ host: ip, port })))
    const plain = cluster.client()
    expect(await plain.get(['key', 'app:key'])).toBe(1)
  })
})

describe('nodes', () => {
  test('that are added take their share, and no other key moves', async () => {
    const client = cluster.client()
    await client.setMany(entries)
    const [fourth] = [await cluster.startNode('node-4.test')]
    cluster.endpoint.setNodes([...cluster.endpoint.nodes, fourth])
    const events = recordEvents(client)
    expect(await client.refresh()).toEqual({ version: 2, nodes: cluster.endpoint.nodes })
    await settled()
    expect(events).toEqual([['added', `node-4.test:${fourth.port}`]])

    const stayed = (await client.getMany(keys)).size
    expect(stayed).toBeGreaterThan(keys.length / 2)
    expect(stayed).toBeLessThan(keys.length)
    await client.setMany(entries)
    expect(await keysOn(fourth)).toHaveLength(keys.length - stayed)
  })

  test('that are gone finish what is under way, then are left', async () => {
    const client = cluster.client()
    await client.setMany(entries)
    const [gone, ...left] = cluster.endpoint.nodes
    const under = keys.map((key) => client.get(key))
    cluster.endpoint.setNodes(left)
    const events = recordEvents(client)
    await client.refresh()
    await settled()
    expect(await Promise.all(under)).toEqual([...entries.values()])
    expect(events).toEqual([['removed', `node-1.test:${gone?.port}`]])
    const lost = await keysOn(gone!)
    const found = await client.getMany(keys)
    expect(lost.length).toBeGreaterThan(50)
    expect([...found.keys()]).toEqual(keys.filter((key) => !lost.includes(key)))
  })

  test('with a new IP are reached there, and keep their keys', async () => {
    const client = cluster.client()
    await client.setMany(entries)
    const [old, ...others] = cluster.endpoint.nodes
    const before = await keysOn(old!)
    const fresh = { ...old!, ip: '127.0.0.2' }
    await cluster.startNode('', { host: fresh.ip, port: fresh.port })
    cluster.endpoint.setNodes([fresh, ...others], cluster.endpoint.version)
    const events = recordEvents(client)
    await client.refresh()
    await settled()
    expect(events).toEqual([['replaced', `node-1.test:${old?.port}`]])
    expect((await client.getMany(keys)).size).toBe(keys.length - before.length)
    await client.setMany(entries)
    expect(await keysOn(fresh, fresh.ip)).toEqual(before)
    expect(await client.getMany(keys)).toEqual(entries)
  })

  test('that died and are replaced have their keys back', async () => {
    const client = cluster.client({ retryAttempts: 0 })
    await client.setMany(entries)
    const [old, ...others] = cluster.endpoint.nodes
    const [own] = await keysOn(old!)
    await cluster.servers[0]?.stop()
    await expect(client.get(own!)).rejects.toThrow()
    expect(await client.get(own!)).toBeUndefined()
    const fresh = { ...old!, ip: '127.0.0.2' }
    await cluster.startNode('', { host: fresh.ip, port: fresh.port })
    cluster.endpoint.setNodes([fresh, ...others])
    await client.refresh()
    expect(client.servers.map(({ state }) => state)).toEqual(['healthy', 'healthy', 'healthy'])
    await client.set(own!, 'anew')
    expect(await keysOn(fresh, fresh.ip)).toEqual([own])
  })

  test('with a new port are new nodes', async () => {
    const client = cluster.client()
    await client.connect()
    const [old, ...others] = cluster.endpoint.nodes
    const fresh = await cluster.startNode(old!.host)
    cluster.endpoint.setNodes([fresh, ...others])
    const events = recordEvents(client)
    await client.refresh()
    await settled()
    expect(events).toEqual([
      ['added', `node-1.test:${fresh.port}`],
      ['removed', `node-1.test:${old?.port}`],
    ])
    expect(await client.setMany(entries)).toEqual([])
    expect((await keysOn(fresh)).length).toBeGreaterThan(50)
  })

  test('in another order are no news', async () => {
    const client = cluster.client()
    await client.connect()
    cluster.endpoint.setNodes([...cluster.endpoint.nodes].reverse())
    const events = recordEvents(client)
    await client.refresh()
    await settled()
    expect(events).toEqual([])
  })
})

describe('placement', () => {
  const place = (names: string[]) =>
    keys.map((key) => new RendezvousHash({ nodes: names }).getNode(key))

  async function placesOf(client: ElastiCacheHashClient): Promise<(string | undefined)[]> {
    await client.flushAll()
    await client.setMany(entries)
    const homes = new Map<string, string>()
    for (const [i, node] of cluster.endpoint.nodes.entries()) {
      for (const key of await keysOn(node)) homes.set(key, client.servers[i]!.name)
    }
    return keys.map((key) => homes.get(key))
  }

  test('goes by host and port', async () => {
    const names = cluster.endpoint.nodes.map(({ host, port }) => `${host}:${port}`)
    expect(await placesOf(cluster.client())).toEqual(place(names))
  })

  test("with nodeName 'ip' goes by IP and port, as pymemcache has it", async () => {
    const names = cluster.endpoint.nodes.map(({ ip, port }) => `${ip}:${port}`)
    const client = cluster.client({ nodeName: 'ip' })
    expect(await placesOf(client)).toEqual(place(names))
    expect(client.servers.map(({ name }) => name)).toEqual(names)
    const plain = new HashClient(names)
    expect(await plain.getMany(keys)).toEqual(entries)
    await plain.close()
  })

  test("with nodeName 'ip' refuses a list without addresses", async () => {
    const [first, ...others] = cluster.endpoint.nodes
    cluster.endpoint.setNodes([{ ...first!, ip: '' }, ...others])
    const client = cluster.client({ nodeName: 'ip' })
    await expect(client.connect()).rejects.toThrow("nodeName 'ip' needs addresses")
  })

  test("with connectTo 'host' stays, and connections go to the name", async () => {
    const [node] = cluster.endpoint.nodes
    cluster.endpoint.setNodes([{ ...node!, host: 'localhost', ip: '127.0.0.9' }])
    await expect(cluster.client().get('key')).rejects.toThrow('127.0.0.9')
    const client = cluster.client({ connectTo: 'host', nodeName: 'ip' })
    expect(await client.set('key', 1)).toBe(true)
    expect(client.servers.map(({ name }) => name)).toEqual([`127.0.0.9:${node?.port}`])
  })

  test('does not wait for an address: without one the name is connected to', async () => {
    const [node] = cluster.endpoint.nodes
    cluster.endpoint.setNodes([{ ...node!, host: 'localhost', ip: '' }])
    expect(await cluster.client().set('key', 1)).toBe(true)
  })
})

describe('versions', () => {
  test('go forward only, unless the lower one comes twice', async () => {
    const client = cluster.client()
    const [first, ...others] = cluster.endpoint.nodes
    cluster.endpoint.setNodes([first!, ...others], 9)
    await client.refresh()
    cluster.endpoint.setNodes(others, 3)
    await settled()
    const events = recordEvents(client)
    await expect(client.refresh()).rejects.toThrow('list 3 is older than list 9')
    expect(client.nodeList?.nodes).toHaveLength(3)
    await settled()
    expect(events).toEqual([['error', cluster.endpoint.name, expect.any(Error)]])
    expect(await client.refresh()).toEqual({ version: 3, nodes: others })
  })

  test('go back at once when no known node can be reached', async () => {
    const client = cluster.client()
    cluster.endpoint.setNodes(cluster.endpoint.nodes, 9)
    await client.connect()
    await Promise.all(cluster.servers.map((server) => server.stop()))
    await client.getMany(keys).catch(() => {})
    await client.getMany(keys).catch(() => {})
    cluster.endpoint.setNodes([await cluster.startNode('node-1.test')], 1)
    expect((await client.refresh()).version).toBe(1)
    expect(await client.set('key', 1)).toBe(true)
  })
})
