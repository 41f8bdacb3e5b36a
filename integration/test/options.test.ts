import { ElastiCacheHashClient } from '@mc/aws-ec'
import { Client, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { HashClient } from '@mc/hash'
import { ObjectPool, PooledClient } from '@mc/pool'
import { type MemcacheClient, MemcacheConnectError } from '@mc/protocol'
import { compressedSerde, nativeSerde } from '@mc/serde'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const source = { name: 'source', discover: async () => ({ version: 1, nodes: [] }) }

/** Each class with an option that is misspelt, and the name that was meant. */
const CONSTRUCTORS: readonly (readonly [string, (options: object) => unknown, string, string])[] = [
  ['Client', (it) => new Client('localhost', it), 'timeOut', 'timeout'],
  ['Client', (it) => new Client('localhost', it), 'prefix', 'keyPrefix'],
  ['Client', (it) => new Client('localhost', it), 'ssl', 'tls'],
  ['HashClient', (it) => new HashClient(['localhost'], it), 'deadTimeOut', 'deadTimeout'],
  ['HashClient', (it) => new HashClient(['localhost'], it), 'failOver', 'failover'],
  ['PooledClient', (it) => new PooledClient('localhost', it), 'poolSize', 'maxPoolSize'],
  ['PooledClient', (it) => new PooledClient('localhost', it), 'conectTimeout', 'connectTimeout'],
  [
    'ObjectPool',
    (it) => new ObjectPool({ create: () => 1, ...it }),
    'aquireTimeout',
    'acquireTimeout',
  ],
  ['retrying', (it) => retrying(new MockMemcacheClient(), it), 'retries', 'attempts'],
  [
    'FallbackClient',
    (it) => new FallbackClient([new MockMemcacheClient()], it),
    'deleteFromall',
    'deleteFromAll',
  ],
  ['ElastiCacheHashClient', (it) => new ElastiCacheHashClient(source, it), 'nodename', 'nodeName'],
  ['MockMemcacheClient', (it) => new MockMemcacheClient(it), 'latancy', 'latency'],
  ['compressedSerde', (it) => compressedSerde(nativeSerde, it), 'algoritm', 'algorithm'],
]

test.each(CONSTRUCTORS)('%s refuses an option that does not exist', (_, create, wrong, right) => {
  expect(() => create({ [wrong]: 1 })).toThrow(
    new TypeError(`there is no option "${wrong}": did you mean ${right}?`),
  )
})

describe('on every client', () => {
  let server: MemcachedServer
  beforeAll(async () => {
    server = await MemcachedServer.start()
  })
  afterAll(() => server.stop())

  const KINDS: readonly (readonly [string, (name: string, options: object) => MemcacheClient])[] = [
    ['Client', (name, options) => new Client(name, options)],
    ['HashClient', (name, options) => new HashClient([name], options)],
    ['PooledClient', (name, options) => new PooledClient(name, options)],
    ['retrying', (name, options) => retrying(new Client(name, options))],
    ['FallbackClient', (name, options) => new FallbackClient([new Client(name, options)])],
    [
      'ElastiCacheHashClient',
      (name, options) => {
        const [host = '', port] = name.split(':')
        const nodes = [{ host, ip: host, port: Number(port) }]
        const list = { ...source, discover: async () => ({ version: 1, nodes }) }
        return new ElastiCacheHashClient(list, { ...options, allowNode: () => true })
      },
    ],
    ['MockMemcacheClient', (_, options) => new MockMemcacheClient(options)],
  ]

  test.each(KINDS)('%s: calls refuse options that do not exist', async (_, create) => {
    const client = create(server.name, {})
    const commands = server.commandCount(['set', 'ms', 'add', 'get', 'mg', 'md'])
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['ttl', () => client.set('key', 1, { ttl: 5 } as never)],
      ['exptime', () => client.add('key', 1, { exptime: 5 } as never)],
      ['lifetime', () => client.setMany({ key: 1 }, { lifetime: 5 } as never)],
      ['timeOut', () => client.get('key', { timeOut: 5 } as never)],
      ['timeOut', () => client.getMany(['key'], { timeOut: 5 } as never)],
      ['noReply', () => client.deleteMany(['key'], { noReply: true } as never)],
    ]
    for (const [name, call] of calls) {
      const rejects = expect(call()).rejects
      await rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
      await rejects.toThrow(`there is no option "${name}"`)
    }
    expect(server.commandCount(['set', 'ms', 'add', 'get', 'mg', 'md'])).toBe(commands)
    await client.close()
  })

  test.each(KINDS)(
    '%s: captureStack shows the caller of a call that failed',
    async (name, create) => {
      const client = create('127.0.0.1:1', { captureStack: true })
      if (client instanceof MockMemcacheClient) client.failNext(new MemcacheConnectError('refused'))
      async function theCaller(): Promise<unknown> {
        return await client.get('key')
      }
      const error: Error = await theCaller().then(
        () => expect.unreachable(name),
        (it) => it,
      )
      expect(error.stack).toContain('theCaller')
      await client.close()
    },
  )
})
