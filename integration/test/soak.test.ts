import { describe, expect, test } from 'vitest'
import { isLong, isTurn, seed } from '../../test-support/amounts.ts'
import { soak } from '../src/chaos/soak.ts'
import { KINDS, needsOf, startServer, TRANSPORTS } from '../src/servers.ts'

const SECONDS = isLong ? 60 : 0.6

describe('a load that goes on while faults come and go is served as promised', () => {
  for (const [i, kind] of KINDS.entries()) {
    if (!isTurn(i, 2)) continue
    const tags = [...needsOf(kind).tags, 'long']
    test(`by ${kind} memcached`, { tags, timeout: 600_000 }, async () => {
      const [tcp] = TRANSPORTS
      if (tcp === undefined) throw new Error('no transport')
      const servers = await Promise.all([1, 2, 3].map(() => startServer(kind, tcp)))
      const names = servers.map(({ name }) => name)
      const report = await soak({ names, tls: {} }, SECONDS, seed)
      for (const server of servers) await server.stop()
      expect(report.violations, `MC_SEED=${seed}`).toEqual([])
      // How many there are of each is the machine's: on a busy one most calls come too late.
      expect(report.faults).toBeGreaterThan(0)
      expect(report.answered).toBeGreaterThan(0)
    })
  }
})
