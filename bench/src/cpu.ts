import { median } from './report.ts'

export const CPU_ROUNDS = 11
const CALLS = 100_000

/** Tables of the CPU that calls take, with 1 and with 64 in flight: in turn, the medians, each compared with the first. */
export async function cpuTables(
  calls: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<string[]> {
  const lines: string[] = []
  const [first = ''] = Object.keys(calls)
  for (const inFlight of [1, 64]) {
    const costs = new Map(Object.keys(calls).map((name) => [name, [] as number[]]))
    for (const call of Object.values(calls)) await run(inFlight, call)
    for (let round = 0; round < CPU_ROUNDS; round++) {
      for (const [name, call] of Object.entries(calls)) {
        costs.get(name)?.push(await run(inFlight, call))
      }
    }
    const least = median(costs.get(first) ?? [])
    lines.push(`| ${inFlight} in flight | CPU us | to ${first} |`, '|---|--:|--:|')
    for (const [name, values] of costs) {
      const cost = median(values)
      lines.push(`| ${name} | ${cost.toFixed(2)} | ${(cost / least).toFixed(2)} |`)
    }
    lines.push('')
  }
  return lines
}

/** Microseconds of CPU for each call. */
async function run(inFlight: number, call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  const calls = inFlight === 1 ? CALLS / 4 : CALLS
  let turn = 0
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (turn++ < calls) await call()
    }),
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}
