// A mixed load with a fault each second. Usage: pnpm --filter @mc/integration soak [--minutes 10] [--seed 1]
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { soak } from '../src/chaos/soak.ts'
import { installedKinds, startServer, TRANSPORTS } from '../src/servers.ts'

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
})
const transport = TRANSPORTS[0]
const kind = installedKinds().at(-1)
if (transport === undefined || kind === undefined) throw new Error('no server')
const servers = await Promise.all([1, 2, 3].map(() => startServer(kind, transport)))
const names = servers.map(({ name }) => name)
const heap = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1e6
}
await soak({ names, tls: {} }, 20, Number(options.seed))
const before = heap()
const report = await soak({ names, tls: {} }, Number(options.minutes) * 60, Number(options.seed))
console.log(report)
console.log(`heap before ${before.toFixed(1)} MB, after ${heap().toFixed(1)} MB`)
for (const server of servers) await server.stop()
// What was closed last takes a turn or two to go.
await wait(500)
console.log('still open:', process.getActiveResourcesInfo())
process.exitCode = report.violations.length === 0 ? 0 : 1
