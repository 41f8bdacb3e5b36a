// Usage: pnpm --filter @mc/bench server-memory [--minutes 5]
import { parseArgs } from 'node:util'
import { Load } from './server-load.ts'
import { ServerProgram } from './server-program.ts'
import { churn, keptItems } from './server-scripts.ts'

const { values: options } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } })
// This process makes the load, on core 0 (see the script `server-memory`).
const SERVER_CORE = 1
const LIMIT_MEGABYTES = 64
const KEPT_ITEMS = 10_000
/** Some 200 MB in all. */
const CHURNED_ITEMS = 250_000
/** How much the last fifth may be above the second. */
const TOLERANCE = 1.1
const PARTS = 5
const SAMPLE_MILLISECONDS = 1000

const server = await ServerProgram.start(SERVER_CORE, ['-m', String(LIMIT_MEGABYTES)])
try {
  await fill()
  // 64 MB of items are there after some seconds, so that the first part is for warming up.
  const load = await Load.start(server.name, churn(CHURNED_ITEMS, KEPT_ITEMS), {
    connections: 50,
    inFlight: 16,
  })
  const samples: number[] = []
  const end = performance.now() + Number(options.minutes) * 60_000
  while (performance.now() < end) {
    await load.measure(SAMPLE_MILLISECONDS)
    samples.push(server.memory / 1e6)
  }
  load.stop()

  const parts = Array.from({ length: PARTS }, (_, i) => partOf(samples, i))
  console.log(
    `${load.done} commands in ${options.minutes} minutes, at a limit of ${LIMIT_MEGABYTES} MB`,
  )
  console.log('Memory of the process in MB, median (most) of each fifth of the time:')
  console.log(
    parts.map(({ median, most }) => `${median.toFixed(0)} (${most.toFixed(0)})`).join(', '),
  )
  const growth = (parts.at(-1)?.median ?? 0) / (parts[1]?.median ?? 1)
  console.log(`The last is ${growth.toFixed(2)} of the second`)
  if (!(growth < TOLERANCE)) process.exitCode = 1
} finally {
  await server.stop()
}

/** Stores what is kept in use from then on. */
async function fill(): Promise<void> {
  const script = keptItems(KEPT_ITEMS)
  const load = await Load.start(server.name, script, { connections: 1, inFlight: 100 })
  while (load.done < script.requests.length) await load.measure(50)
  load.stop()
}

function partOf(samples: readonly number[], index: number): { median: number; most: number } {
  const size = Math.floor(samples.length / PARTS)
  const part = samples.slice(index * size, (index + 1) * size).sort((a, b) => a - b)
  return { median: part[size >> 1] ?? Number.NaN, most: part.at(-1) ?? Number.NaN }
}
