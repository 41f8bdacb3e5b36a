import { Client } from '@mc/client'
import type { MemcacheClient } from '@mc/protocol'
import { MockMemcacheClient } from '@mc/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runs, seed } from '../../test-support/amounts.ts'
import { findBinary } from '../src/binary.ts'
import { answersOf, callSequence } from '../src/random-calls.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

for (const kind of KINDS) {
  const tags = [...needsOf(kind).tags, 'long']
  describe(`random calls have equal answers from the mock and ${kind} memcached`, { tags }, () => {
    const clients = new Map<string, MemcacheClient>()
    let server: RunningServer
    beforeAll(async () => {
      const [tcp] = TRANSPORTS
      if (tcp === undefined) throw new Error('no transport')
      server = await startServer(kind, tcp)
      // The lasting form of meta commands came with 1.6.10.
      const knowsMeta = kind === 'embedded' || findBinary()?.isSince(1, 6, 10)
      for (const dialect of knowsMeta ? (['meta', 'text'] as const) : (['text'] as const)) {
        clients.set(`mock, ${dialect}`, new MockMemcacheClient({ dialect }))
        clients.set(
          `server, ${dialect}`,
          new Client(server.name, { dialect, timeout: 10_000, connectTimeout: 10_000 }),
        )
      }
    })
    afterAll(async () => {
      for (const client of clients.values()) await client.close()
      await server.stop()
    })

    test('in both dialects', { timeout: 3_600_000 }, async () => {
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
        { numRuns: runs(100, 5000), seed },
      )
    })
  })
}
