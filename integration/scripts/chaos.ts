// Random faults for hours. Usage: pnpm --filter @mc/integration chaos [--runs 10000] [--seed 1] [--at-once 8]
import { parseArgs } from 'node:util'
import { scheduleOf } from '../src/chaos/schedule.ts'
import { ChaosFleet, runSchedules } from '../src/chaos/servers.ts'
import { installedKinds } from '../src/servers.ts'

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '8' },
  },
})
const BATCH = 500
const broken: string[] = []
process.on('unhandledRejection', (error) => broken.push(`unhandled rejection: ${error}`))

const fleet = await ChaosFleet.start()
let faults = 0
const end = Number(options.seed) + Number(options.runs)
for (let seed = Number(options.seed); seed < end; seed += BATCH) {
  const seeds = Array.from({ length: Math.min(BATCH, end - seed) }, (_, i) => seed + i)
  const outcome = await runSchedules(
    seeds.map((each) => scheduleOf(each, installedKinds())),
    (schedule) => fleet.run(schedule),
    Number(options['at-once']),
  )
  faults += outcome.faults
  broken.push(...outcome.broken)
  const memory = Math.round(process.memoryUsage().rss / 1e6)
  console.log(
    `up to seed ${seed + seeds.length - 1}: ${faults} faults, ${broken.length} violations, ${memory} MB`,
  )
}
await fleet.stop()
for (const violation of broken) console.log(violation)
process.exitCode = broken.length === 0 ? 0 : 1
