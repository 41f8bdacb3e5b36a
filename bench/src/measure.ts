// One measurement in a process of its own, so that no client inherits another's heap or compiled code.
import { CLIENTS } from './clients.ts'
import { measureFloor } from './floor.ts'
import { WORKLOADS } from './workloads.ts'

/** What a measurement prints, as JSON. */
export interface Measurement {
  readonly perSecond: number
  /** Microseconds of CPU for each operation. */
  readonly cpu: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Megabytes at the end. */
  readonly heap: number
}

const [workloadName, clientName = '', seconds = '1', ...servers] = process.argv.slice(2)
const workload = WORKLOADS.find(({ name }) => name === workloadName)
if (workload === undefined) throw new Error(`no workload ${workloadName}`)
const limit = Number(seconds) * 1000

if (clientName === 'floor') {
  if (workload.floor === undefined) throw new Error('no floor')
  const perSecond = await measureFloor(
    servers[0] ?? '',
    workload.floor,
    workload.inFlight,
    limit / 1000,
  )
  print({ perSecond, cpu: 0, p50: 0, p99: 0, heap: 0 })
} else {
  const open = CLIENTS[clientName]
  if (open === undefined) throw new Error(`no client ${clientName}`)
  const subject = await open(servers)
  const call = await workload.prepare(subject)
  await run(call, limit / 2)
  const before = process.cpuUsage()
  const { count, elapsed, latencies } = await run(call, limit)
  const { user, system } = process.cpuUsage(before)
  latencies.sort((a, b) => a - b)
  print({
    perSecond: (count / elapsed) * 1000,
    cpu: (user + system) / count,
    p50: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    heap: process.memoryUsage().heapUsed / 1e6,
  })
  await subject.close()
}
process.exit()

async function run(call: (turn: number) => Promise<void>, milliseconds: number) {
  const start = performance.now()
  const end = start + milliseconds
  const latencies: number[] = []
  let count = 0
  let isOver = false
  await Promise.all(
    Array.from({ length: workload?.inFlight ?? 1 }, async () => {
      while (!isOver) {
        const turn = count++
        // A clock for each call would weigh on the fast clients most.
        if (turn % 64 !== 0) await call(turn)
        else {
          const began = performance.now()
          await call(turn)
          const ended = performance.now()
          latencies.push(ended - began)
          isOver = ended > end
        }
      }
    }),
  )
  return { count, elapsed: performance.now() - start, latencies }
}

function print(measurement: Measurement): void {
  console.log(JSON.stringify(measurement))
}
