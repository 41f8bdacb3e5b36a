// Three ways to test a service that uses a cache: each is a test, in any runner, for the class that it is given.
import assert from 'node:assert/strict'
import { Client } from '@mc/client'
import type { MemcacheClient } from '@mc/protocol'
import { FaultProxy, MemcachedServer, MockMemcacheClient } from '@mc/testing'

/** The service under test: right, or with a bug. */
export type PriceService = new (
  cache: MemcacheClient,
  load: (article: string) => Promise<number>,
) => { of(article: string): Promise<number> }

/** A source that counts how often it is asked. */
function source() {
  const asked: string[] = []
  const load = async (article: string): Promise<number> => {
    asked.push(article)
    return 42
  }
  return { asked, load }
}

/** With the mock: what is asked of the cache, what time does, what a failure does. */
async function withMock(Service: PriceService): Promise<void> {
  let now = Date.now()
  const cache = new MockMemcacheClient({ now: () => now })
  const { asked, load } = source()
  const prices = new Service(cache, load)

  assert.equal(await prices.of('tea'), 42)
  assert.equal(await prices.of('tea'), 42)
  assert.deepEqual(asked, ['tea'])
  assert.deepEqual(
    cache.calls.map(({ method }) => method),
    ['get', 'set', 'get'],
  )

  now += 60_000
  await prices.of('tea')
  assert.deepEqual(asked, ['tea', 'tea'])

  cache.failNext(new Error('the cache is down'), { method: 'get' })
  assert.equal(await prices.of('tea'), 42)
}

/** With an embedded server: the real client, real sockets, what is really stored. */
async function withServer(Service: PriceService): Promise<void> {
  await using server = await MemcachedServer.start()
  await using cache = new Client(server.name)
  const { asked, load } = source()
  const prices = new Service(cache, load)

  assert.equal(await prices.of('tea'), 42)
  await server.waitFor(1, 'ms')
  assert.equal(await prices.of('tea'), 42)
  assert.deepEqual(asked, ['tea'])
  assert.deepEqual(
    server.snapshot().map(({ key, value }) => `${key}=${value}`),
    ['price:tea=42'],
  )
}

/** With faults: the page must come although the cache says nothing any more. */
async function withFaults(Service: PriceService): Promise<void> {
  await using server = await MemcachedServer.start()
  await using proxy = await FaultProxy.start(server.name)
  await using cache = new Client(proxy.name, { timeout: 50 })
  const { load } = source()
  const prices = new Service(cache, load)
  await cache.connect()

  const silence = proxy.inject({ kind: 'stall' })
  assert.equal(await prices.of('tea'), 42)
  silence.remove()
}

export const ways: Readonly<Record<string, (Service: PriceService) => Promise<void>>> = {
  'with the mock': withMock,
  'with an embedded server': withServer,
  'with faults': withFaults,
}
