import { inspect } from 'node:util'
import { Client, type ClientOptions, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { FetchClient } from '@mc/fetch'
import { DiscoveringHashClient, HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { CommandTrace, MemcacheClient } from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { describe, expect, test } from 'vitest'
import { recordCalls } from '../../test-support/recorded-channel.ts'

type Create = (server: string, options?: ClientOptions) => MemcacheClient & { lastError?: unknown }

async function* listOf(server: string) {
  yield [server]
}
const discovered: Create = (server, { serverName, ...options } = {}) =>
  new DiscoveringHashClient(listOf(server), { ...options, allowNode: () => true })
const hashed: Create = (server, { serverName, ...options } = {}) =>
  new HashClient([server], options)
/** One that is busy with one call refuses all others. */
const pooled: Create = (server, options) =>
  new PooledClient(server, { ...options, maxPoolSize: 1, maxWaiting: 0 })

const KINDS: Readonly<Record<string, Create>> = {
  Client: (server, options) => new Client(server, options),
  HashClient: hashed,
  DiscoveringHashClient: discovered,
  PooledClient: pooled,
  'retrying over HashClient': (server, options) =>
    retrying(hashed(server, options), { attempts: 2, retryDelay: 0 }),
}

const NOWHERE = '127.0.0.1:1'
const ended = () => recordCalls<CommandTrace>('tracing:mc:command:asyncEnd')

/** Makes reads and writes at once; resolves with the codes of what they rejected with. */
async function callsOn(client: MemcacheClient): Promise<unknown[]> {
  const calls = Array.from({ length: 10 }, (_, i) => [
    client.get(`key${i}`),
    client.set(`key${i}`, i),
    client.getMany([`key${i}`]),
  ])
  const outcomes = await Promise.allSettled(calls.flat())
  return outcomes.map((it) => (it.status === 'rejected' ? it.reason.code : undefined))
}

const codesOf = (events: readonly CommandTrace[]): unknown[] =>
  events.map(({ error }) => (error as { code?: unknown } | undefined)?.code)

describe.each(Object.entries(KINDS))('on %s', (_, create) => {
  test('each call to a server that is not there is one event with its error', async () => {
    await using client = create(NOWHERE)
    const events = ended()
    const codes = await callsOn(client)
    expect(codes).toHaveLength(30)
    expect(codes).not.toContain(undefined)
    expect(codesOf(events).sort()).toEqual(codes.sort())
    const named = events.filter(({ server }) => server !== undefined)
    expect(new Set(named.map(({ server }) => server))).toEqual(new Set([NOWHERE]))
  })

  test('each call that a full queue refuses is one event with its error', async () => {
    await using server = await MemcachedServer.start()
    await using client = create(server.name, { maxInFlight: 1 })
    const events = ended()
    const codes = await callsOn(client)
    expect(codes).toContain('MEMCACHE_OVERLOAD')
    expect(codesOf(events).sort()).toEqual(codes.sort())
  })

  test('with ignoreExc each covered error is an event and the last error', async () => {
    await using client = create(NOWHERE, { ignoreExc: true })
    const events = ended()
    expect(await client.get('key', { default: 'none' })).toBe('none')
    expect(await client.getMany(['key'])).toEqual(new Map())
    const codes = events.map(({ command, isIgnored, hits }) => [command, isIgnored, hits ?? 0])
    expect(codes).toEqual([
      ['get', true, 0],
      ['getMany', true, 0],
    ])
    expect(client.lastError).toBe(events[1]?.error)
    expect(inspect(client)).toContain('lastError: MemcacheConnectError')
  })
})

test('a FetchClient publishes one event for each call of the methods that all clients have', async () => {
  await using client = new FetchClient(new FallbackClient([pooled(NOWHERE), new Client(NOWHERE)]))
  const events = ended()
  const codes = await callsOn(client)
  expect(codesOf(events).sort()).toEqual(codes.sort())
  await client.close()
  await expect(client.get('key')).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  expect(events).toHaveLength(31)
  expect(events.at(-1)).toMatchObject({ command: 'get', error: { code: 'MEMCACHE_CLOSED' } })
})

test('a FallbackClient whose caches fail publishes one event for each call', async () => {
  await using client = new FallbackClient([new Client(NOWHERE), pooled(NOWHERE)])
  const events = ended()
  const codes = await callsOn(client)
  expect(codes).toHaveLength(30)
  expect(codesOf(events).sort()).toEqual(codes.sort())
})
