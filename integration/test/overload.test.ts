import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Client } from '@mc/client'
import { MemcacheError } from '@mc/protocol'
import { FaultProxy, MemcachedServer } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isLong, isTurn } from '../../test-support/amounts.ts'
import { CLIENT_KINDS } from '../src/clients.ts'

const COMMANDS = isLong ? 100_000 : 10_000
/** In long runs that of a client by default. */
const MAX_IN_FLIGHT = isLong ? 65_536 : 6000
const TIMEOUT = 1000
/** A busy machine takes its time for as many. */
const LONG = { timeout: 120_000, tags: ['long'] }
const MEGABYTE = 1024 ** 2

let server: MemcachedServer
let proxy: FaultProxy
beforeEach(async () => {
  server = await MemcachedServer.start()
  proxy = await FaultProxy.start(server.name)
})
afterEach(async () => {
  await proxy.stop()
  await server.stop()
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that are in use, without garbage. */
function memory(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** How many promises came to each end, by the codes of their errors. */
async function countEnds(calls: readonly Promise<unknown>[]): Promise<Map<string, number>> {
  const ends = new Map<string, number>()
  for (const outcome of await Promise.allSettled(calls)) {
    if (outcome.status === 'rejected' && !(outcome.reason instanceof MemcacheError)) {
      throw outcome.reason
    }
    const end = outcome.status === 'fulfilled' ? 'answered' : outcome.reason.code
    ends.set(end, (ends.get(end) ?? 0) + 1)
  }
  return ends
}

/** Quick runs have one kind, and no pool, which has another limit. */
const kinds = CLIENT_KINDS.filter(
  ({ connections }, i) => isLong || (connections === 1 && isTurn(i, 2)),
)

describe.each(kinds)('$name', ({ create }) => {
  test(
    `settles ${COMMANDS} commands at once against a stalled server, and works afterwards`,
    LONG,
    async () => {
      const client = create(proxy.name, {
        timeout: TIMEOUT,
        connectTimeout: 20_000,
        ...(!isLong && { maxInFlight: MAX_IN_FLIGHT }),
      })
      expect(await client.set('key', 'value', { timeout: 20_000 })).toBe(true)
      const before = memory()
      const stall = proxy.inject({ kind: 'stall' })
      const calls = Array.from({ length: COMMANDS }, (_, i) =>
        i % 2 === 0 ? client.get('key') : client.set('key', 'x'.repeat(100)),
      )
      const used = memory() - before
      const issued = performance.now()
      const ends = await countEnds(calls)
      // Those past the limit are refused, others end by their deadline; none is answered. A pool gives up the
      // connections with them, and a late call may find that it cannot have a new one.
      expect([...ends.keys()]).toEqual(
        expect.arrayContaining(['MEMCACHE_OVERLOAD', 'MEMCACHE_TIMEOUT']),
      )
      expect(ends.has('answered')).toBe(false)
      expect([...ends.values()].reduce((sum, count) => sum + count)).toBe(COMMANDS)
      expect(ends.get('MEMCACHE_OVERLOAD')).toBeGreaterThanOrEqual(COMMANDS - MAX_IN_FLIGHT - 2)
      expect(performance.now() - issued).toBeLessThan(60_000)
      expect(used).toBeLessThan(400 * MEGABYTE)

      stall.remove()
      await expect
        .poll(() => client.set('key', 'back').catch(() => false), { timeout: 20_000 })
        .toBe(true)
      expect(await client.get('key', { timeout: 20_000 })).toBe('back')
      await client.close()
    },
  )
})

test(
  'large values count by their bytes: what is more is refused at once, written or not',
  LONG,
  async () => {
    const [{ create } = expect.unreachable()] = CLIENT_KINDS
    const client = create(proxy.name, {
      timeout: TIMEOUT,
      connectTimeout: 20_000,
      maxInFlightBytes: 16 * MEGABYTE,
    }) as Client
    await client.connect()
    const stall = proxy.inject({ kind: 'stall', direction: 'requests' })
    const value = Buffer.alloc(100_000)
    const calls = Array.from({ length: 2000 }, () => client.set('key', value))
    expect(client.inFlight).toBeLessThanOrEqual((16 * MEGABYTE) / value.length + 1)
    const ends = await countEnds(calls)
    expect([...ends.keys()].sort()).toEqual(['MEMCACHE_OVERLOAD', 'MEMCACHE_TIMEOUT'])
    expect(ends.get('MEMCACHE_TIMEOUT')).toBeLessThanOrEqual((16 * MEGABYTE) / value.length + 1)
    stall.remove()
    await expect
      .poll(() => client.set('key', value).catch(() => false), { timeout: 20_000 })
      .toBe(true)
    await client.close()
  },
)

test('a server that reads slowly holds the requests back: they are written as it takes them', async () => {
  const [{ create } = expect.unreachable()] = CLIENT_KINDS
  const client = create(proxy.name, { timeout: 60_000 }) as Client
  await client.connect()
  proxy.inject({ kind: 'delay', direction: 'requests', milliseconds: 1 })
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const measure = (): void => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  // Text becomes bytes when it is written.
  const value = 'x'.repeat(200_000)
  const calls = Array.from({ length: 400 }, () => client.set('key', value).finally(measure))
  expect(await countEnds(calls)).toEqual(new Map([['answered', 400]]))
  // The server and what is between are in this process too, and leave garbage behind.
  expect(most).toBeLessThan(1.5 * 400 * value.length)
  await client.close()
})
