// A workload's client, floor and least client in turn, in this one process. Prints what `InTurn` is, as JSON.
import { CLIENTS, type Setting } from '../clients.ts'
import { type FloorCommand, measureFloor } from '../floor.ts'
import { LeastClient } from '../least.ts'
import { repeat } from '../repeat.ts'
import { type Repeated, WORKLOADS } from '../workloads.ts'

/** What this program is given, as JSON. */
export interface InTurnTask extends Setting {
  readonly workload: string
  readonly floor: Exclude<FloorCommand, 'least'>
  readonly rounds: number
  /** Of each measurement. */
  readonly seconds: number
  /** Servers of their own, as each stores other values under the same keys. */
  readonly floorServers: readonly string[]
  readonly leastServer: string
}

/** Calls per second, of each round. */
export interface InTurn {
  readonly client: readonly number[]
  readonly floor: readonly number[]
  /** Empty where there is none. */
  readonly least: readonly number[]
}

async function main(task: InTurnTask): Promise<InTurn> {
  const { floor, rounds, seconds, floorServers, leastServer } = task
  const workload = WORKLOADS.find((it) => it.name === task.workload)
  const open = CLIENTS[workload?.clients[0] ?? '']
  if (workload === undefined || open === undefined) throw new Error(`no workload ${task.workload}`)
  const { inFlight, size, floors } = workload
  const client = await workload.prepare(await open(task))
  const least = floors.includes('least')
    ? await workload.prepare(new LeastClient(leastServer))
    : undefined
  const speedOf = async (repeated: Repeated, length: number): Promise<number> => {
    const { count, elapsed } = await repeat(repeated, inFlight, length)
    return (count / elapsed) * 1000
  }
  await speedOf(client, 1)
  if (least !== undefined) await speedOf(least, 1)
  const load = { size, inFlight, seconds }
  const speeds = { client: [] as number[], floor: [] as number[], least: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    speeds.client.push(await speedOf(client, seconds))
    speeds.floor.push(await measureFloor(floorServers, floor, load))
    if (least !== undefined) speeds.least.push(await speedOf(least, seconds))
  }
  return speeds
}

console.log(JSON.stringify(await main(JSON.parse(process.argv[2] ?? ''))))
process.exit()
