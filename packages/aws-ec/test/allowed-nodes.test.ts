import { Client } from '@mc/client'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type ClusterNode,
  type DiscoverySource,
  ElastiCacheHashClient,
  type ElastiCacheHashClientOptions,
} from '../src/index.ts'

const clients: ElastiCacheHashClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function clientOf(
  nodes: readonly ClusterNode[],
  options: ElastiCacheHashClientOptions = {},
  endpoint?: DiscoverySource['endpoint'],
) {
  const made: unknown[] = []
  const source = { name: 'a source', endpoint, discover: async () => ({ nodes }) }
  const client = new ElastiCacheHashClient(source, {
    pollInterval: false,
    createClient: (address, own) => {
      made.push(address)
      return new Client(address, own)
    },
    ...options,
  })
  clients.push(client)
  return { client, made }
}

const good = { host: 'a.test', ip: '10.0.0.1', port: 11211 }
const metadata = { host: 'b.test', ip: '169.254.169.254', port: 80 }
const local = { host: 'c.test', ip: '127.0.0.1', port: 22 }

describe('a list with a local address', () => {
  test.each([
    [metadata, 'link-local'],
    [local, 'loopback'],
    [{ host: 'localhost', port: 1 }, 'loopback'],
    [{ host: 'b.test', ip: '::ffff:169.254.169.254', port: 1 }, 'link-local'],
  ])('such as %o is refused whole', async (node, kind) => {
    const { client, made } = clientOf([good, node])
    await expect(client.refresh()).rejects.toMatchObject({
      code: 'MEMCACHE_DISCOVERY',
      reason: expect.stringContaining(`has a ${kind} address`),
    })
    expect([made, client.servers, client.nodeList]).toEqual([[], [], undefined])
  })

  test('is taken from an endpoint of the same kind, and of no other', async () => {
    const endpoint = { host: '127.0.0.1', port: 11211 }
    expect((await clientOf([good, local], {}, endpoint).client.refresh()).nodes).toHaveLength(2)
    await expect(clientOf([metadata], {}, endpoint).client.refresh()).rejects.toThrow('link-local')
    const linkLocal = { host: 'fe80::1', port: 11211 }
    expect((await clientOf([metadata], {}, linkLocal).client.refresh()).nodes).toEqual([metadata])
    await expect(clientOf([local], {}, linkLocal).client.refresh()).rejects.toThrow('loopback')
  })

  test('goes by where connections go', async () => {
    const byHost = { connectTo: 'host' } as const
    expect((await clientOf([metadata], byHost).client.refresh()).nodes).toEqual([metadata])
    const named = [{ host: '127.0.0.1', ip: '10.0.0.1', port: 11211 }]
    expect((await clientOf(named).client.refresh()).nodes).toEqual(named)
    await expect(clientOf(named, byHost).client.refresh()).rejects.toThrow('loopback')
  })
})

describe('allowNode', () => {
  test('decides, by the host and port of the connection', async () => {
    const asked: unknown[] = []
    const allowNode = (host: string, port: number): boolean => {
      asked.push([host, port])
      return host !== '10.0.0.1'
    }
    const { client } = clientOf([local, metadata], { allowNode })
    expect((await client.refresh()).nodes).toHaveLength(2)
    expect(asked).toEqual([
      ['127.0.0.1', 22],
      ['169.254.169.254', 80],
    ])
    await expect(clientOf([local, good], { allowNode }).client.refresh()).rejects.toThrow(
      'node 10.0.0.1:11211 is refused by allowNode',
    )
  })

  test.each([
    ['throws', () => expect.unreachable('a bug')],
    ['answers a promise', async () => true],
    ['answers nothing', () => undefined],
  ])('that %s refuses the list', async (_, allowNode) => {
    const { client, made } = clientOf([good], { allowNode: allowNode as never })
    await expect(client.refresh()).rejects.toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
    expect(made).toEqual([])
  })

  test('must be a function', () => {
    expect(() => clientOf([], { allowNode: true as never })).toThrow(
      'allowNode must be a function, got boolean',
    )
  })
})
