import { setTimeout as wait } from 'node:timers/promises'
import { installedKinds, type RunningServer, startServer, TRANSPORTS } from '../servers.ts'
import { type Outcome, runSchedule } from './run.ts'
import type { Schedule } from './schedule.ts'

/** The servers that schedules run against, three of each kind and transport, and their end. */
export class ChaosFleet {
  readonly #servers: ReadonlyMap<string, readonly RunningServer[]>

  private constructor(servers: ReadonlyMap<string, readonly RunningServer[]>) {
    this.#servers = servers
  }

  /** @param kinds - @default those that this machine has */
  static async start(kinds = installedKinds()): Promise<ChaosFleet> {
    const servers = new Map<string, readonly RunningServer[]>()
    for (const kind of kinds) {
      for (const transport of TRANSPORTS.filter(({ name }) => name === 'TCP' || name === 'TLS')) {
        const three = [0, 1, 2].map(() => startServer(kind, transport))
        servers.set(`${kind} ${transport.name}`, await Promise.all(three))
      }
    }
    return new ChaosFleet(servers)
  }

  run(schedule: Schedule): Promise<Outcome> {
    const transport = schedule.tls ? 'TLS' : 'TCP'
    const servers = this.#servers.get(`${schedule.server} ${transport}`) ?? []
    const tls = TRANSPORTS.find(({ name }) => name === 'TLS')?.clientOptions ?? {}
    return runSchedule(schedule, { names: servers.map(({ name }) => name), tls })
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].flat().map((server) => server.stop()))
  }
}

/** Milliseconds in which a schedule must be over: it takes one second, and many on a busy machine. */
const LONGEST = 120_000

async function overdue(): Promise<Outcome> {
  await wait(LONGEST, undefined, { ref: false })
  const violations = [`not over after ${LONGEST} ms`]
  return { violations, faults: 0, answered: 0, failed: 0 }
}

/** Runs schedules, some at a time; answers the seeds of those that broke a promise. */
export async function runSchedules(
  schedules: readonly Schedule[],
  run: (schedule: Schedule) => Promise<Outcome>,
  atOnce = 8,
): Promise<{
  readonly broken: readonly string[]
  readonly faults: number
  readonly quiet: number
}> {
  const broken: string[] = []
  let faults = 0
  let quiet = 0
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < schedules.length) {
        const schedule = schedules[next++] as Schedule
        const outcome = await Promise.race([run(schedule), overdue()])
        faults += outcome.faults
        if (outcome.faults === 0) quiet++
        for (const violation of outcome.violations)
          broken.push(`MC_SEED=${schedule.seed}: ${violation}`)
      }
    }),
  )
  return { broken, faults, quiet }
}
