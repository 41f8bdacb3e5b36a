import type { CommandOptions } from '@mc/protocol'
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
): Promise<AllServersOutcome<T>> {
  const outcomes = await Promise.allSettled(
    servers.map((server) =>
      whenReady(server, options, (remaining) => server.run(command, remaining)),
    ),
  )
  const answers = new Map<string, T>()
  const failed = new Map<string, Error>()
  for (const [i, outcome] of outcomes.entries()) {
    const { name } = servers[i]!
    if (outcome.status === 'fulfilled') answers.set(name, outcome.value)
    else failed.set(name, outcome.reason as Error)
  }
  return { answers, failed }
}
