import { Client } from '@mc/client'
import { RendezvousHash } from '@mc/hash'
import { describe, expect, test } from 'vitest'
import { type ClusterNode, ElastiCacheHashClient, type NodeList } from '../src/index.ts'
import { recordEvents, settled } from './support/cluster.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name, i) => ({
  host: `${name}.test`,
  ip: `10.0.0.${i}`,
  port: 11211,
})) as [ClusterNode, ClusterNode, ClusterNode, ClusterNode]
const keys = Array.from({ length: 100 }, (_, i) => `key${i}`)

/** Refuses a node, and notes which it has. */
class PickyHash extends RendezvousHash {
  readonly nodes = new Set<string>()
  refused: string | undefined

  override addNode(node: string): void {
    if (node === this.refused) throw new Error(`${node} is not to come`)
    super.addNode(node)
    this.nodes.add(node)
  }

  override removeNode(node: string): void {
    if (node === this.refused) throw new Error(`${node} is not to go`)
    super.removeNode(node)
    this.nodes.delete(node)
  }
}

function listing(list: NodeList) {
  const given = { list, refused: undefined as string | undefined }
  const open = new Set<string>()
  const hasher = new PickyHash()
  const client = new ElastiCacheHashClient(
    { name: 'a source', discover: async () => given.list },
    {
      pollInterval: false,
      hasher,
      createClient: (address) => {
        const { host } = address as { host: string }
        if (host === given.refused) throw new Error(`no client for ${host}`)
        const own = new Client(address)
        const id = `${host}#${open.size}`
        open.add(id)
        return Object.assign(own, {
          close: async () => {
            open.delete(id)
            own.destroy()
          },
        })
      },
    },
  )
  return { client, given, hasher, open }
}

describe('a list of which something cannot be put in force', () => {
  test.each([
    ['createClient throws for a new node', { refused: '10.0.0.3' }, undefined],
    ['the hasher refuses a new node', {}, 'd.test:11211'],
    ['the hasher keeps a node that goes', {}, 'a.test:11211'],
  ])('as %s, changes nothing', async (_, change, refusedByHasher) => {
    const { client, given, hasher, open } = listing({ version: 1, nodes: [a, b] })
    await client.refresh()
    await settled()
    const before = [client.servers, client.nodeList, [...hasher.nodes].toSorted(), open.size]
    const homes = keys.map((key) => hasher.getNode(key))
    const events = recordEvents(client)

    Object.assign(given, {
      list: { version: 2, nodes: [{ ...b, ip: '10.0.0.9' }, c, d] },
      ...change,
    })
    hasher.refused = refusedByHasher
    await expect(client.refresh()).rejects.toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
    await settled()
    const after = [client.servers, client.nodeList, [...hasher.nodes].toSorted(), open.size]
    expect(after).toEqual(before)
    expect(keys.map((key) => hasher.getNode(key))).toEqual(homes)
    expect(events.map(([event]) => event)).toEqual(['error'])

    hasher.refused = undefined
    given.refused = undefined
    expect((await client.refresh()).version).toBe(2)
    expect(client.servers.map(({ name }) => name)).toEqual([
      'b.test:11211',
      'c.test:11211',
      'd.test:11211',
    ])
    await client.close()
    expect(open.size).toBe(0)
  })

  test('at the start leaves no node and no client', async () => {
    const { client, given, hasher, open } = listing({ nodes: [a, b, c] })
    given.refused = '10.0.0.2'
    await expect(client.get('key')).rejects.toThrow('no client for 10.0.0.2')
    await settled()
    expect([client.servers, hasher.nodes.size, open.size]).toEqual([[], 0, 0])
    await client.close()
  })

  test('is not one whose nodes the user has removed or added', async () => {
    const { client, given } = listing({ nodes: [a, b] })
    await client.refresh()
    await client.removeServer('a.test:11211')
    client.addServer('c.test:11211')
    given.list = { nodes: [b, c] }
    await client.refresh()
    expect(client.servers.map(({ name }) => name)).toEqual(['b.test:11211', 'c.test:11211'])
    await client.close()
  })
})

describe('a source that hangs', () => {
  test('leaves no call unsettled, nor close()', async () => {
    const source = { name: 'a source', discover: () => new Promise<never>(() => {}) }
    const client = new ElastiCacheHashClient(source, { timeout: 30, discoveryTimeout: 60_000 })
    const calls = [client.get('key'), client.getMany(['key']), client.stats(), client.flushAll()]
    const late = { code: 'MEMCACHE_TIMEOUT', written: false }
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: late })
    }
    const connecting = expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    const waiting = expect(client.get('key')).rejects.toMatchObject(late)
    await client.close()
    await Promise.all([connecting, waiting])
    const impatient = new ElastiCacheHashClient(source, { discoveryTimeout: 30 })
    await expect(impatient.connect()).rejects.toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
    await impatient.close()
  })

  test.each([
    ['throws nothing', () => Promise.reject(undefined)],
    ['throws at once', () => expect.unreachable('a bug')],
    ['answers nothing', async () => undefined],
    ['answers no nodes', async () => ({})],
    ['answers no list', async () => ({ nodes: 7 })],
  ])('or %s, is a failed poll', async (_, discover) => {
    const client = new ElastiCacheHashClient({ name: 'a source', discover: discover as never })
    await expect(client.refresh()).rejects.toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
    await client.close()
  })
})
