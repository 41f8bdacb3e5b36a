import { ElastiCacheClient } from '@aws-sdk/client-elasticache'
import {
  type ElastiCacheApiServerOptions as ApiOptions,
  type DescribedCluster,
  type DescribedNode,
  ElastiCacheApiServer,
} from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type DiscoverySource,
  type ElastiCacheApiOptions,
  ElastiCacheHashClient,
  elastiCacheApi,
  type NodeList,
} from '../src/index.ts'

let apis: ElastiCacheApiServer[] = []
let clients: ElastiCacheClient[] = []
afterEach(async () => {
  for (const client of clients) client.destroy()
  await Promise.all(apis.map((api) => api.stop()))
  clients = []
  apis = []
})

async function start(
  options: ApiOptions,
): Promise<{ api: ElastiCacheApiServer; client: ElastiCacheClient }> {
  const api = await ElastiCacheApiServer.start(options)
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new ElastiCacheClient({ endpoint: api.url, region: 'us-east-1', credentials })
  apis.push(api)
  clients.push(client)
  return { api, client }
}

function discover(
  source: DiscoverySource,
  signal = new AbortController().signal,
): Promise<NodeList> {
  return source.discover({}, signal)
}

function cluster(
  id: string,
  count: number,
  others: Partial<DescribedCluster> = {},
): DescribedCluster {
  const nodes = Array.from({ length: count }, (_, i) => node(`${id}-${i + 1}.test`))
  return { id, nodes, ...others }
}

function node(host: string): DescribedNode & { readonly host: string } {
  return { host, port: 11211 }
}

describe('the nodes of a cluster', () => {
  test('are asked for by its id, whatever its case', async () => {
    const { api, client } = await start({ clusters: [cluster('other', 3), cluster('fleet', 2)] })
    expect(await discover(elastiCacheApi({ client, cacheClusterId: 'Fleet' }))).toEqual({
      nodes: [
        { host: 'fleet-1.test', port: 11211, tls: false },
        { host: 'fleet-2.test', port: 11211, tls: false },
      ],
    })
    expect(api.requests).toEqual([
      expect.objectContaining({
        Action: 'DescribeCacheClusters',
        CacheClusterId: 'Fleet',
        ShowCacheNodeInfo: 'true',
      }),
    ])
  })

  test('that are several clusters come from all pages, though the API throttles', async () => {
    const fleet = ['fleet-a', 'fleet-b', 'fleet-c'].map((id) => cluster(id, 15))
    const others = Array.from({ length: 60 }, (_, i) => cluster(`other-${i}`, 1))
    others.splice(5, 0, fleet[0]!)
    others.splice(30, 0, fleet[1]!)
    const { api, client } = await start({ clusters: [...others, fleet[2]!], pageSize: 20 })
    api.throttle(2)
    const source = elastiCacheApi({ client, cacheClusterId: fleet.map(({ id }) => id) })
    const { nodes } = await discover(source)
    const hosts = fleet.flatMap((one) => one.nodes.map(({ host }) => host))
    expect(hosts).toHaveLength(45)
    expect(nodes.map(({ host }) => host)).toEqual(hosts)
    expect(api.requests.map(({ Marker }) => Marker)).toEqual([
      ...[undefined, undefined, undefined],
      ...['20', '40', '60'],
    ])
  })

  test('leave out those that come or go, and keep those that reboot', async () => {
    const nodes: DescribedNode[] = [
      node('a.test'),
      { ...node('b.test'), status: 'rebooting' },
      { status: 'creating' },
      { ...node('d.test'), status: 'creating' },
      { ...node('e.test'), status: 'deleting' },
    ]
    const { client } = await start({ clusters: [{ id: 'fleet', nodes }] })
    const list = await discover(elastiCacheApi({ client, cacheClusterId: 'fleet' }))
    expect(list.nodes.map(({ host }) => host)).toEqual(['a.test', 'b.test'])
  })

  test('are known to speak TLS', async () => {
    const { client } = await start({ clusters: [cluster('fleet', 1, { tls: true })] })
    const list = await discover(elastiCacheApi({ client, cacheClusterId: 'fleet' }))
    expect(list.nodes).toEqual([{ host: 'fleet-1.test', port: 11211, tls: true }])
  })

  test.each([
    ['nope', {}, 'CacheCluster not found: nope'],
    [['fleet', 'nope', 'NOT-THIS'], {}, 'no such cache cluster: nope, not-this'],
    ['fleet', { engine: 'redis' }, 'fleet is no memcached but redis'],
  ])('of %j cannot be told', async (cacheClusterId, others, message) => {
    const { client } = await start({ clusters: [cluster('fleet', 1, others)] })
    await expect(discover(elastiCacheApi({ client, cacheClusterId }))).rejects.toThrow(message)
  })
})

describe('a serverless cache', () => {
  const caches = Array.from({ length: 5 }, (_, i) => ({
    name: `cache-${i}`,
    host: `${i}.test`,
    port: 11211,
  }))

  test('is one node, which speaks TLS', async () => {
    const { api, client } = await start({ serverlessCaches: caches })
    const source = elastiCacheApi({ client, serverlessCacheName: 'cache-3' })
    expect(await discover(source)).toEqual({ nodes: [{ host: '3.test', port: 11211, tls: true }] })
    expect(api.requests).toEqual([
      expect.objectContaining({
        Action: 'DescribeServerlessCaches',
        ServerlessCacheName: 'cache-3',
      }),
    ])
  })

  test.each([
    ['nope', 'memcached', 'ServerlessCache not found: nope'],
    ['cache-0', 'valkey', 'cache-0 is no memcached but valkey'],
  ])('named %s with engine %s cannot be told', async (serverlessCacheName, engine, message) => {
    const { client } = await start({ serverlessCaches: caches.map((one) => ({ ...one, engine })) })
    await expect(discover(elastiCacheApi({ client, serverlessCacheName }))).rejects.toThrow(message)
  })
})

describe('the API', () => {
  test('that does not answer fails the poll, in the time for it', async () => {
    const { api, client } = await start({ clusters: [cluster('fleet', 1)] })
    api.holdUntil(new Promise(() => {}))
    const cache = new ElastiCacheHashClient(elastiCacheApi({ client, cacheClusterId: 'fleet' }), {
      discoveryTimeout: 50,
    })
    await expect(cache.connect()).rejects.toMatchObject({
      code: 'MEMCACHE_DISCOVERY',
      message: 'ElastiCache API for fleet: no answer within 50 ms',
    })
    await cache.close()
  })

  test('that throttles for longer than the SDK repeats fails the poll', async () => {
    const { api, client } = await start({ clusters: [cluster('fleet', 1)] })
    api.throttle(100)
    const source = elastiCacheApi({ client, cacheClusterId: 'fleet' })
    await expect(discover(source)).rejects.toThrow('Rate exceeded')
    expect(api.requests).toHaveLength(3)
  })

  test.each<[object, string]>([
    [{}, 'cacheClusterId must be a name'],
    [{ cacheClusterId: '' }, 'cacheClusterId must be a name that is not empty'],
    [{ cacheClusterId: [] }, 'cacheClusterId must be a name that is not empty'],
    [{ cacheClusterId: ['a', 5] }, 'cacheClusterId must be a name that is not empty'],
    [{ serverlessCacheName: '' }, 'serverlessCacheName must be a name that is not empty'],
    [
      { serverlessCacheName: 'a', cacheClusterId: 'b' },
      'either cacheClusterId or serverlessCacheName',
    ],
    [{ cacheClusterId: 'a', region: 5 }, 'region must be a string, got number'],
  ])('with %j is refused', (options, message) => {
    expect(() => elastiCacheApi(options as ElastiCacheApiOptions)).toThrow(message)
    expect(() => elastiCacheApi(options as ElastiCacheApiOptions)).toThrow(TypeError)
  })
})
