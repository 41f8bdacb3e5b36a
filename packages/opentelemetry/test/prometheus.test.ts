import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collectMemcacheMetrics } from '../src/prometheus/index.ts'

let registry: Registry
let stop: () => void
beforeEach(() => {
  registry = new Registry()
  stop = collectMemcacheMetrics({ registry })
})
afterEach(() => stop())

/** Lines of the exposition that begin so. */
async function lines(start: string): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(start))
}

test('a scrape has durations by command, server and error, and hits and misses', async () => {
  const server = await MemcachedServer.start()
  const cache = new Client(server.name)
  await cache.set('secret', 'Ada')
  await cache.getMany(['secret', 'b', 'c'])
  server.inject({ kind: 'error', line: 'SERVER_ERROR busy', command: 'mg', times: 1 })
  await cache.get('secret').catch(() => {})
  const of = (command: string, error = '') =>
    `{command="${command}",server="${server.name}",error="${error}"} 1`
  expect(await lines('mc_command_duration_seconds_count')).toEqual([
    `mc_command_duration_seconds_count${of('set')}`,
    `mc_command_duration_seconds_count${of('getMany')}`,
    `mc_command_duration_seconds_count${of('get', 'MEMCACHE_SERVER_ERROR')}`,
  ])
  expect((await lines('mc_command_duration_seconds_bucket'))[0]).toContain('le="0.00005"')
  expect(await lines('mc_request_duration_seconds_count')).toHaveLength(3)
  expect(await lines('mc_hits_total')).toEqual([`mc_hits_total{server="${server.name}"} 1`])
  expect(await lines('mc_misses_total')).toEqual([`mc_misses_total{server="${server.name}"} 2`])
  expect(await lines('mc_connect_duration_seconds_count')).toHaveLength(1)
  expect(await registry.metrics()).not.toContain('secret')
  await cache.close()
  expect(await lines('mc_disconnects_total')).toHaveLength(1)
  await server.stop()
})

test('a scrape sees dead servers and the calls that they refuse', async () => {
  const cache = new HashClient(['127.0.0.1:1'], { retryAttempts: 0, maxDeadServers: 1 })
  await cache.get('a').catch(() => {})
  await cache.get('a').catch(() => {})
  expect(await lines('mc_dead_servers{')).toEqual(['mc_dead_servers{server="127.0.0.1:1"} 1'])
  expect(await lines('mc_server_events_total{')).toEqual([
    'mc_server_events_total{server="127.0.0.1:1",event="dead"} 1',
  ])
  const refused = await lines('mc_command_duration_seconds_count')
  expect(refused.every((line) => line.includes('error="MEMCACHE_CONNECT"'))).toBe(true)
  await cache.close()
  expect(await lines('mc_dead_servers{')).toEqual(['mc_dead_servers{server="127.0.0.1:1"} 0'])
})

test('a scrape has the figures of pools as they are then', async () => {
  const server = await MemcachedServer.start()
  const pool = new PooledClient(server.name, { maxPoolSize: 1, maxWaiting: 1 })
  let waiting: Promise<unknown> | undefined
  await pool.use(async () => {
    waiting = pool.get('a')
    expect(await lines('mc_pool_waiting{')).toEqual([`mc_pool_waiting{server="${server.name}"} 1`])
    expect(await lines('mc_pool_clients{')).toEqual([
      `mc_pool_clients{server="${server.name}",state="idle"} 0`,
      `mc_pool_clients{server="${server.name}",state="used"} 1`,
    ])
  })
  await waiting
  await pool.close()
  expect(await lines('mc_pool_waiting{')).toEqual([`mc_pool_waiting{server="${server.name}"} 0`])
  expect(await lines('mc_pool_clients{')).toEqual([
    `mc_pool_clients{server="${server.name}",state="idle"} 0`,
    `mc_pool_clients{server="${server.name}",state="used"} 0`,
  ])
  expect(await lines('mc_pool_wait_seconds_count')).not.toEqual([])
  await server.stop()
})

test('nothing is collected, and the names are free, once it is stopped', async () => {
  stop()
  await new MockMemcacheClient().get('a')
  expect(await registry.metrics()).not.toContain('mc_')
  stop = collectMemcacheMetrics({ registry, prefix: 'cache_', buckets: [1] })
  await new MockMemcacheClient().get('a')
  expect(await lines('cache_misses_total')).toHaveLength(1)
})
