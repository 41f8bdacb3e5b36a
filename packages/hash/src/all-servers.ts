import type { CommandOptions } from '@mc/protocol'
import type { CallTime } from './call-time.ts'
import type { WhenReady } from './probes.ts'
import type { Server, ServerCall } from './server.ts'

/** What came of a call to all servers, by their names. */
export interface AllServersOutcome<T> {
  readonly answers: Map<string, T>
  readonly failed: Map<string, Error>
}

/** A call to all servers. */
export interface AllServersCall<V, T, O> {
  readonly servers: readonly Server<V>[]
  readonly command: ServerCall<V, T, O | undefined>
  readonly options: O | undefined
  readonly whenReady: WhenReady<V>
  readonly time: CallTime | undefined
}

/** Runs a command on all servers at once. Resolves when all have answered or failed. */
export async function runOnAll<V, T, O extends CommandOptions>(
  call: AllServersCall<V, T, O>,
): Promise<AllServersOutcome<T>> {
  const { servers, command, options, whenReady, time } = call
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
