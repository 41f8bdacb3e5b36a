import { tracingChannel } from 'node:diagnostics_channel'
import { MockMemcacheClient } from '@mc/testing'
import { expect, onTestFinished, test } from 'vitest'
import { FetchClient, type FetchTrace, type LoadTrace } from '../src/index.ts'

/** What a channel publishes about calls that have settled. */
function settledOn<T extends object>(name: string): T[] {
  const settled: T[] = []
  const subscribers = { asyncEnd: (trace: unknown) => void settled.push({ ...(trace as T) }) }
  const channel = tracingChannel(name)
  channel.subscribe(subscribers as never)
  onTestFinished(() => channel.unsubscribe(subscribers as never))
  return settled
}

test('each key of a call, and each load, is published, without keys and values', async () => {
  const client = new FetchClient(new MockMemcacheClient(), { expire: 60 })
  const fetches = settledOn<FetchTrace>('mc:fetch')
  const loads = settledOn<LoadTrace>('mc:load')
  const failure = new Error('no database')
  await client.fetch('key', () => 'value')
  await client.fetch('key', () => 'value')
  await client.fetch('none', () => undefined, { negativeExpire: 0 })
  await client.fetch('other', () => Promise.reject(failure)).catch(() => {})
  await client.fetchMany(['key', 'c'], () => new Map([['c', 1]]))
  const waited = expect.any(Number)
  expect(fetches).toEqual([
    { outcome: 'load', waited },
    { outcome: 'hit', waited: 0 },
    { outcome: 'load', waited },
    { outcome: 'load', waited, error: failure },
    { outcome: 'hit', waited: 0 },
    { outcome: 'load', waited },
  ])
  expect(loads).toEqual([
    { reason: 'miss', stored: true },
    { reason: 'miss', stored: 'unwanted' },
    { reason: 'miss', stored: undefined, error: failure },
    { reason: 'miss', stored: true },
  ])
  expect(client.fetches).toMatchObject({ load: 4, hit: 2, loads: 4 })
})

test('a call that is refused is published once', async () => {
  const client = new FetchClient(new MockMemcacheClient(), { expire: 60 })
  const fetches = settledOn<FetchTrace>('mc:fetch')
  const load = () => 'value'
  const loadMany = () => new Map()
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  const refusals: (() => Promise<unknown>)[] = [
    () => client.fetch('a', undefined as never),
    () => client.fetch('a', load, { expires: 1 } as never),
    () => client.fetch('a', load, { signal }),
    () => client.fetch('a b', load),
    () => client.fetchMany(['a', 'b'], undefined as never),
    () => client.fetchMany(['a', 'b'], loadMany, { signal }),
    () => client.fetchMany('ab', loadMany),
  ]
  const closed = [() => client.fetch('a', load), () => client.fetchMany(['a', 'b'], loadMany)]
  const errors = []
  for (const call of refusals) errors.push(await call().catch((error: unknown) => error))
  await client.close()
  for (const call of closed) errors.push(await call().catch((error: unknown) => error))
  expect(fetches.map(({ error }) => error)).toEqual(errors)
  expect(errors.every((error) => error instanceof Error)).toBe(true)
})

test('what became of a loaded value is published', async () => {
  const mock = new MockMemcacheClient()
  const client = new FetchClient(mock, { expire: 60 })
  const loads = settledOn<LoadTrace>('mc:load')
  await client.fetch('changed', async () => {
    await mock.set('changed', 'newer')
    return 'older'
  })
  await client.fetch('gone', async () => {
    await mock.delete('gone')
    return 'older'
  })
  mock.failNext(new Error('no server'), { method: 'fill' })
  await client.fetch('failed', () => 'value')
  mock.failNext(new Error('no server'), { method: 'lease' })
  await client.fetch('unread', () => 'value')
  await client.close()
  expect(loads.map(({ reason, stored }) => [reason, stored])).toEqual([
    ['miss', 'changed'],
    ['miss', 'gone'],
    ['miss', 'failed'],
    ['uncached', 'unwanted'],
  ])
})
