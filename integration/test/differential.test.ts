import { Client } from '@mc/client'
import type { MemcacheClient } from '@mc/protocol'
import { MemcachedServer, MockMemcacheClient, memcached } from '@mc/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findBinary } from '../src/binary.ts'
import { answersOf, callSequence } from '../src/random-calls.ts'

const { CI, MC_CALL_RUNS = CI ? '5000' : '500', MC_SEED } = process.env

describe('random calls have equal answers', () => {
  const clients = new Map<string, MemcacheClient>()
  const stops: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const embedded = await MemcachedServer.start()
    stops.push(() => embedded.stop())
    const binary = findBinary()
    // `gat` came with 1.5.3, the lasting form of meta commands with 1.6.10.
    const real = binary?.isSince(1, 5, 3) ? await memcached.start() : undefined
    if (real !== undefined) stops.push(() => real.stop())
    for (const dialect of ['meta', 'text'] as const) {
      clients.set(`mock, ${dialect}`, new MockMemcacheClient({ dialect }))
      clients.set(`embedded, ${dialect}`, new Client(embedded.name, { dialect, timeout: 10_000 }))
      if (real !== undefined && (dialect === 'text' || binary?.isSince(1, 6, 10))) {
        clients.set(`real, ${dialect}`, new Client(real.name, { dialect, timeout: 10_000 }))
      }
    }
  })
  afterAll(async () => {
    for (const client of clients.values()) await client.close()
    for (const stop of stops) await stop()
  })

  test('from the mock, the embedded server and memcached, in both dialects', async () => {
    let sequence = 0
    await fc.assert(
      fc.asyncProperty(callSequence, async (calls) => {
        const number = sequence++
        const [first, ...others] = await Promise.all(
          [...clients].map(async ([name, client], i) => ({
            name,
            answers: await answersOf(client, calls, `${number}.${i}:`),
          })),
        )
        for (const { name, answers } of others) {
          expect({ name, answers }).toEqual({ name, answers: first?.answers })
        }
      }),
      { numRuns: Number(MC_CALL_RUNS), ...(MC_SEED && { seed: Number(MC_SEED) }) },
    )
  }, 3_600_000)
})
