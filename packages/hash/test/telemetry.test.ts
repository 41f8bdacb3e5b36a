import { once } from 'node:events'
import { inspect } from 'node:util'
import type { CommandTrace, ConnectTrace, RequestTrace, ServerEvent } from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { recordCalls, recordEvents } from '../../../test-support/recorded-channel.ts'
import { DiscoveringHashClient, HashClient } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const ended = () => recordCalls<CommandTrace>('tracing:mc:command:asyncEnd')

async function started(count: number): Promise<MemcachedServer[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => MemcachedServer.start()))
  cleanUps.push(() => Promise.all(servers.map((server) => server.stop())))
  return servers
}

const names = ['a:1', 'b:1', 'c:1']

describe('the channel mc:command of a HashClient', () => {
  test('has each of 100 calls that a dead server refuses, with its name', async () => {
    const cluster = new FakeCluster(names, { failover: 'none' })
    await cluster.kill('b:1')
    const events = ended()
    const key = cluster.keyOn('b:1')
    const calls = Array.from({ length: 100 }, () => cluster.client.get(key))
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(cluster.server('b:1').log).toEqual([])
    expect(events).toHaveLength(100)
    for (const event of events) {
      expect(event).toMatchObject({ command: 'get', server: 'b:1', isIgnored: false })
      expect(event).toMatchObject({ error: { code: 'MEMCACHE_CONNECT', server: 'b:1' } })
    }
  })

  test('names the server of a call of one key, and none for calls to several', async () => {
    const cluster = new FakeCluster(names)
    const events = ended()
    await cluster.client.get(cluster.keyOn('c:1'))
    await cluster.client.getMany(names.map((name) => cluster.keyOn(name)))
    expect(events.map(({ command, server }) => [command, server])).toEqual([
      ['get', 'c:1'],
      ['getMany', undefined],
    ])
  })

  test('has the first failure of a call that failed in part, and counts the keys that were answered', async () => {
    const cluster = new FakeCluster(names)
    const keys = names.map((name) => cluster.keyOn(name))
    await cluster.client.set(cluster.keyOn('a:1'), 'v')
    cluster.server('b:1').refuse()
    const events = ended()
    await expect(cluster.client.getMany(keys)).rejects.toMatchObject({ code: 'MEMCACHE_PARTIAL' })
    expect(events).toMatchObject([
      { keys: 3, hits: 1, misses: 1, error: { code: 'MEMCACHE_CONNECT' } },
    ])
  })

  test('does not have the probes of dead servers', async () => {
    const cluster = new FakeCluster(names)
    await cluster.kill('b:1')
    const events = ended()
    cluster.time += 100_000
    await cluster.client.get(cluster.keyOn('a:1'))
    expect(events.map(({ command }) => command)).toEqual(['get'])
    expect(cluster.server('b:1').log).not.toEqual([])
  })

  test('has the requests of a call on mc:request, one for each server', async () => {
    const servers = await started(3)
    const client = new HashClient(servers.map(({ name }) => name))
    cleanUps.push(() => client.close())
    const events = ended()
    const requests = recordCalls<RequestTrace>('tracing:mc:request:asyncEnd')
    await client.getMany(Array.from({ length: 60 }, (_, i) => `key${i}`))
    expect(events).toMatchObject([{ command: 'getMany', keys: 60, hits: 0, misses: 60 }])
    expect(requests.map(({ server }) => server).sort()).toEqual(
      client.servers.map(({ name }) => name).sort(),
    )
  })
})

describe('with ignoreExc', () => {
  test('a covered error is an event, and the last error of the client', async () => {
    const cluster = new FakeCluster(names, { ignoreExc: true })
    cluster.server('b:1').refuse()
    const events = ended()
    const errors = recordCalls<CommandTrace>('tracing:mc:command:error')
    const key = cluster.keyOn('b:1')
    expect(await cluster.client.get(key, { default: 'none' })).toBe('none')
    expect(await cluster.client.getMany([key, cluster.keyOn('a:1')])).toEqual(new Map())
    const covered = { isIgnored: true, error: { code: 'MEMCACHE_CONNECT' } }
    expect(events).toMatchObject([
      { command: 'get', ...covered },
      { command: 'getMany', ...covered, hits: 0 },
    ])
    expect(events[0]?.hits).toBeUndefined()
    expect(errors).toHaveLength(2)
    expect(cluster.client.lastError).toBe(events[1]?.error)
    expect(inspect(cluster.client)).toContain('lastError')
    expect(cluster.client.servers[1]?.lastError).toMatchObject({ code: 'MEMCACHE_CONNECT' })
  })
})

test('the channel mc:server has what happens to servers', async () => {
  const cluster = new FakeCluster(names, { retryAttempts: 0 })
  const events = recordEvents<ServerEvent>('mc:server', ({ client }) => client === cluster.client)
  await cluster.kill('b:1')
  cluster.server('b:1').fault = undefined
  cluster.time += 100_000
  const alive = once(cluster.client, 'alive')
  await cluster.client.get('k')
  await alive
  cluster.client.addServer('d:1')
  await cluster.client.removeServer('d:1')
  await cluster.client.close()
  await cluster.client.close()
  expect(events.map(({ event, server }) => [event, server])).toEqual([
    ['dead', 'b:1'],
    ['alive', 'b:1'],
    ['added', 'd:1'],
    ['removed', 'd:1'],
    ...names.map((name) => ['removed', name]),
  ])
  expect(events[0]?.error).toMatchObject({ code: 'MEMCACHE_CONNECT' })
})

test('a failure of discovery is an event of mc:server with the name of the source', async () => {
  const source = { name: 'a source', discover: () => Promise.reject(new Error('gone')) }
  const client = new DiscoveringHashClient(source)
  cleanUps.push(() => client.close())
  const events = recordEvents<ServerEvent>('mc:server', (event) => event.client === client)
  await expect(client.get('k')).rejects.toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
  expect(events).toMatchObject([
    { event: 'error', server: 'a source', error: { code: 'MEMCACHE_DISCOVERY' } },
  ])
})

test('each call that a failure of discovery refuses is an event with its error', async () => {
  const source = { name: 'a source', discover: () => Promise.reject(new Error('gone')) }
  const client = new DiscoveringHashClient(source)
  cleanUps.push(() => client.close())
  const events = ended()
  const calls = Array.from({ length: 100 }, (_, i) =>
    i % 2 === 0 ? client.get('k') : client.setMany({ k: 1 }),
  )
  const outcomes = await Promise.allSettled(calls)
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  expect(events).toHaveLength(100)
  for (const { error } of events) expect(error).toMatchObject({ code: 'MEMCACHE_DISCOVERY' })
})

test('labels are the names of discovered servers, with the address beside them', async () => {
  const [server] = await started(1)
  const port = server?.port as number
  const name = `cache-1.test:${port}`
  const source = {
    name: 'a source',
    discover: async () => ({ nodes: [{ host: 'cache-1.test', ip: '127.0.0.1', port }] }),
  }
  const client = new DiscoveringHashClient(source, { allowNode: () => true, connectTo: 'ip' })
  cleanUps.push(() => client.close())
  const commands = ended()
  const requests = recordCalls<RequestTrace>('tracing:mc:request:asyncEnd')
  const connects = recordEvents<ConnectTrace>(
    'tracing:mc:connect:asyncEnd',
    ({ server }) => server === name,
  )
  const servers = recordEvents<ServerEvent>('mc:server', (event) => event.client === client)
  await client.get('k')
  const place = { server: name, address: `127.0.0.1:${port}` }
  expect(client.servers.map((it) => it.name)).toEqual([name])
  expect(servers).toMatchObject([{ event: 'added', server: name }])
  expect(commands).toMatchObject([{ server: name }])
  expect(requests).toMatchObject([place])
  expect(connects).toMatchObject([{ ...place, isReconnect: false }])
  server?.inject({ kind: 'error', line: 'SERVER_ERROR busy', command: 'mg', times: 1 })
  await expect(client.get('k')).rejects.toMatchObject({ server: name })
})
