import { Client } from '@mc/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isTurn, runs } from '../../test-support/amounts.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const tls = TRANSPORTS.find((transport) => transport.name === 'TLS') as (typeof TRANSPORTS)[number]

// Before 1.6.39 memcached keeps back the last replies to storage commands pipelined over TLS.
for (const [i, kind] of KINDS.entries()) {
  if (!isTurn(i, 2)) continue
  const { tags } = needsOf(kind)
  describe(`writes pipelined over TLS to ${kind} memcached`, { tags: [...tags, 'long'] }, () => {
    let server: RunningServer
    beforeAll(async () => {
      server = await startServer(kind, tls)
    })
    afterAll(() => server.stop())

    test.each([100, 1500, runs(10_000, 40_000)])('3,000 of %i bytes do not stall', async (size) => {
      const client = new Client(server.name, { ...tls.clientOptions, timeout: 20_000 })
      const value = Buffer.alloc(size, 'v')
      const stored = await Promise.all(
        Array.from({ length: 3000 }, (_, i) => client.set(`k${i % 500}`, value)),
      )
      expect(stored.every(Boolean)).toBe(true)
      await client.close()
    })

    test('amid reads do not stall either, and every reply is its own', async () => {
      const client = new Client(server.name, { ...tls.clientOptions, timeout: 20_000 })
      await Promise.all(
        Array.from({ length: 3000 }, async (_, i) => {
          await client.set(`mixed${i}`, `value ${i} ${'x'.repeat(i % 700)}`)
          expect(await client.get(`mixed${i}`)).toBe(`value ${i} ${'x'.repeat(i % 700)}`)
        }),
      )
      await client.close()
    })
  })
}
