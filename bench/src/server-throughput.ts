// Usage: pnpm --filter @mc/bench server [--rounds 5] [--seconds 1] [--connections 50]
import { parseArgs } from 'node:util'
import { Load } from './server-load.ts'
import { ServerProgram } from './server-program.ts'
import { SCRIPTS } from './server-scripts.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '50' },
  },
})
const IN_FLIGHT = [1, 4, 16, 64]
// This process makes the load, on core 0 (see the script `server`).
const SERVER_CORE = 1

const connections = Number(options.connections)
const server = await ServerProgram.start(SERVER_CORE, [])
try {
  for (const fill of ['text set', 'meta set']) await measure(fill, 1)
  console.log(
    `Commands a second over ${connections} connections (of a second of the server's CPU)\n`,
  )
  console.log(`| load | ${IN_FLIGHT.map((count) => `${count} in flight each`).join(' | ')} |`)
  console.log(`|---|${IN_FLIGHT.map(() => '--:|').join('')}`)
  for (const load of Object.keys(SCRIPTS)) {
    const cells: string[] = []
    for (const inFlight of IN_FLIGHT) cells.push(await measure(load, inFlight))
    console.log(`| ${load} | ${cells.join(' | ')} |`)
  }
} finally {
  await server.stop()
}

/** Medians over the rounds. */
async function measure(name: string, inFlight: number): Promise<string> {
  const script = SCRIPTS[name]
  if (script === undefined) throw new Error(`no load ${name}`)
  const milliseconds = Number(options.seconds) * 1000
  const load = await Load.start(server.name, script, { connections, inFlight })
  await load.measure(milliseconds / 2)
  const rates: number[] = []
  const ratesOfCpu: number[] = []
  for (let round = 0; round < Number(options.rounds); round++) {
    const [done, cpu] = [load.done, server.cpu]
    rates.push(await load.measure(milliseconds))
    ratesOfCpu.push((load.done - done) / (server.cpu - cpu))
  }
  load.stop()
  return `${thousands(rates)} (${thousands(ratesOfCpu)})`
}

function thousands(rates: readonly number[]): string {
  const middle = rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)] ?? 0
  return `${Math.round(middle / 1000)}k`
}
