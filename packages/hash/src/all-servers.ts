import type { CommandOptions } from '@mc/protocol'
import type { CallTime } from './call-time.ts'
import type { WhenReady } from './probes.ts'
import type { Server, ServerCommand } from './server.ts'

/** What came of a call to all servers, by their names. */
export interface AllServersOutcome<T> {
  readonly answers: Map<string, T>
  readonly failed: Map<string, Error>
}

/** Runs a command on all servers at once. Resolves when all have answered or failed. */
export async function runOnAll<V, T, O extends CommandOptions>(
  servers: readonly Server<V>[],
  command: ServerCommand<V, T, O | undefined>,
  options: O | undefined,
  whenReady: WhenReady<V>,
  time: CallTime | undefined,
): Promise<AllServersOutcome<T>> {
  const steps = time?.stepsOf(options)
  const run = async (server: Server<V>): Promise<T> => {
    const work = whenReady(server, options, () =>
      server.run(command, steps === undefined ? options : steps.next()),
    )
    return steps === undefined ? work : steps.bound(work)
  }
  const outcomes = await Promise.allSettled(servers.map(run))
  const answers = new Map<string, T>()
  const failed = new Map<string, Error>()
  for (const [i, outcome] of outcomes.entries()) {
    const { name } = servers[i]!
    if (outcome.status === 'fulfilled') answers.set(name, outcome.value)
    else failed.set(name, outcome.reason as Error)
  }
  return { answers, failed }
}
