// One measurement in a process of its own, so that no client inherits another's heap or compiled code.
import { CLIENTS, type Setting, type Subject } from './clients.ts'
import { CURVE_CLIENTS, CURVES } from './curves/curves.ts'
import { FLOOR, type FloorCommand, measureFloor } from './floor.ts'
import { LeastClient } from './least.ts'
import { repeat } from './repeat.ts'
import { WORKLOADS } from './workloads.ts'

/** What this program is told, as JSON. */
export interface Task extends Setting {
  readonly workload: string
  readonly client: string
  readonly seconds: number
}

/** What it prints, as JSON. Of a floor only the speed is told. */
export interface Measurement {
  readonly perSecond: number
  /** Microseconds of CPU for each operation. */
  readonly cpu?: number
  /** Milliseconds. */
  readonly p50?: number
  readonly p99?: number
  /** Megabytes of the process at the end. */
  readonly memory?: number
}

async function main(task: Task): Promise<void> {
  const all = [...WORKLOADS, ...CURVES.flatMap(({ points }) => points.map((it) => it.workload))]
  const workload = all.find(({ name }) => name === task.workload)
  if (workload === undefined) throw new Error(`no workload ${task.workload}`)
  const { inFlight, size } = workload
  const { client, seconds, servers } = task
  const floor = client.startsWith(FLOOR) ? (client.slice(FLOOR.length) as FloorCommand) : undefined
  if (floor !== undefined && floor !== 'least') {
    print({ perSecond: await measureFloor(servers, floor, { size, inFlight, seconds }) })
    return
  }
  const open = floor === 'least' ? openLeast : (CLIENTS[client] ?? CURVE_CLIENTS[client])
  if (open === undefined) throw new Error(`no client ${client}`)
  const subject = await open(task)
  const repeated = await workload.prepare(subject)
  await repeat(repeated, inFlight, seconds / 2)
  const before = process.cpuUsage()
  const { count, elapsed, latencies } = await repeat(repeated, inFlight, seconds)
  const { user, system } = process.cpuUsage(before)
  latencies.sort((a, b) => a - b)
  print({
    perSecond: (count / elapsed) * 1000,
    cpu: (user + system) / count,
    p50: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    memory: process.memoryUsage().rss / 1e6,
  })
  await subject.close()
}

function openLeast({ servers: [server = ''] }: Setting): Subject {
  return new LeastClient(server)
}

function print(measurement: Measurement): void {
  console.log(JSON.stringify(measurement))
}

await main(JSON.parse(process.argv[2] ?? '') as Task)
process.exit()
