import type { AcquireTrace, PoolEvent } from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { recordCalls, recordEvents } from '../../../test-support/recorded-channel.ts'
import { PooledClient } from '../src/index.ts'

let server: MemcachedServer
beforeEach(async () => {
  server = await MemcachedServer.start()
})
afterEach(() => server.stop())

test('the channel mc:acquire has each call that asks for a client, and whether it waited', async () => {
  const acquired = recordCalls<AcquireTrace>('tracing:mc:acquire:asyncEnd')
  const pool = new PooledClient(server.name, { maxPoolSize: 1, maxWaiting: 1 })
  const calls = await Promise.allSettled([pool.get('a'), pool.get('b'), pool.get('c')])
  expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  const byOrder = [...acquired].sort((a, b) => Number(a.hasWaited) - Number(b.hasWaited))
  expect(byOrder).toMatchObject([
    { server: server.name, hasWaited: false },
    { server: server.name, hasWaited: true },
    { server: server.name, hasWaited: true },
  ])
  const errors = acquired.flatMap(({ error }) => (error === undefined ? [] : [error]))
  expect(errors).toMatchObject([{ code: 'MEMCACHE_OVERLOAD' }])
  await pool.close()
})

test('the channel mc:pool has the numbers of clients that exist and are lent, and of calls that wait', async () => {
  const figures = recordEvents<PoolEvent>('mc:pool', (event) => event.server === 'cache-1')
  const pool = new PooledClient(server.name, { maxPoolSize: 2, serverName: 'cache-1' })
  await Promise.all(['a', 'b', 'c'].map((key) => pool.get(key)))
  expect(figures.at(-1)).toMatchObject({ server: 'cache-1', size: 2, inUse: 0, waiting: 0 })
  expect(Math.max(...figures.map(({ inUse }) => inUse))).toBe(2)
  expect(Math.max(...figures.map(({ waiting }) => waiting))).toBe(1)
  expect(new Set(figures.map((event) => event.pool)).size).toBe(1)
  await pool.close()
  expect(figures.at(-1)).toMatchObject({ size: 0, inUse: 0, waiting: 0 })
})

test('with ignoreExc an exhausted pool is an event, and the last error of the pool', async () => {
  const ended = recordCalls<{ error?: unknown; isIgnored: boolean }>('tracing:mc:command:asyncEnd')
  const pool = new PooledClient(server.name, { maxPoolSize: 1, maxWaiting: 0, ignoreExc: true })
  expect(pool.lastError).toBeUndefined()
  expect(await Promise.all([pool.get('a'), pool.get('b')])).toEqual([undefined, undefined])
  const ignored = ended.filter(({ isIgnored }) => isIgnored)
  expect(ignored).toMatchObject([{ command: 'get', error: { code: 'MEMCACHE_OVERLOAD' } }])
  expect(ended).toHaveLength(2)
  expect(pool.lastError).toBe(ignored[0]?.error)
  await pool.close()
})
