import { Client } from '@mc/client'
import { MemcachedServer } from '@mc/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { PooledClient } from '../src/index.ts'
import { SlowServer } from './slow-server.ts'

/** Calls one after another until one succeeds. Answers how many failed. */
async function callUntilServed(client: Pick<PooledClient, 'set'>, end: number): Promise<number> {
  for (let failed = 0; ; failed++) {
    try {
      await client.set('key', 'value')
      return failed
    } catch (error) {
      if (performance.now() > end) throw error
      // Calls that reject at once must not keep the event loop from all else.
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

const POOLS = isLong ? 300 : 100

describe('a server whose connections take longer than a call may', () => {
  let server: MemcachedServer
  let slow: SlowServer | undefined

  beforeAll(async () => {
    server = await MemcachedServer.start()
  })

  afterAll(() => server.stop())
  afterEach(() => slow?.stop())

  test('serves a pool as it serves a client: over one connection', async () => {
    slow = await SlowServer.start(server, 900)
    const options = { timeout: 300, connectTimeout: 20_000 }
    for (const client of [new Client(slow.name, options), new PooledClient(slow.name, options)]) {
      slow.connections = 0
      expect(await callUntilServed(client, performance.now() + 20_000)).toBeGreaterThan(0)
      expect(slow.connections).toBe(1)
      await client.close()
    }
  })

  test(`serves ${POOLS} cold pools of one process`, { tags: ['long'] }, async () => {
    slow = await SlowServer.start(server, 500)
    const { name } = slow
    const options = { timeout: 300, connectTimeout: 20_000 }
    const pools = Array.from({ length: POOLS }, () => new PooledClient(name, options))
    const end = performance.now() + 20_000
    await Promise.all(pools.map((pool) => callUntilServed(pool, end)))
    // A busy process may lose some calls, and so their connections.
    expect(slow.connections).toBeLessThan(3 * POOLS)
    await Promise.all(pools.map((pool) => pool.close()))
  })
})
