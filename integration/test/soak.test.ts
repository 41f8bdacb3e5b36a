import { expect, test } from 'vitest'
import { soak } from '../src/chaos/soak.ts'
import { KINDS, startServer, TRANSPORTS } from '../src/servers.ts'

const { CI, MC_SOAK_SECONDS = CI ? '60' : '10' } = process.env

test('a load that goes on while faults come and go is served as promised', async () => {
  const [tcp] = TRANSPORTS
  const kind = KINDS.at(-1)
  if (tcp === undefined || kind === undefined) throw new Error('no server')
  const servers = await Promise.all([1, 2, 3].map(() => startServer(kind, tcp)))
  const names = servers.map(({ name }) => name)
  const report = await soak({ names, tls: {} }, Number(MC_SOAK_SECONDS), 1)
  for (const server of servers) await server.stop()
  expect(report.violations).toEqual([])
  expect(report.faults).toBeGreaterThan(Number(MC_SOAK_SECONDS))
  expect(report.answered).toBeGreaterThan(report.failed)
}, 3_600_000)
