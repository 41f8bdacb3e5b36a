import { type CommandOptions, type FlushOptions, METHODS } from '@mc/protocol'
import type { CallRunner } from './call-runner.ts'
import { lacking } from './server.ts'

/** Connects the clients of all servers that can be connected ahead. */
export async function connect<V>(runner: CallRunner<V>): Promise<void> {
  await runner.onAll(
    undefined,
    { name: 'connect', send: async (client) => client.connect?.(), isAwaited: true },
    false,
  )
}

/** Whether every server is empty now. */
export async function flushAll<V>(
  runner: CallRunner<V>,
  options: FlushOptions | undefined,
): Promise<boolean> {
  const { answers, failed } = await runner.onAll(options, {
    name: 'flushAll',
    send: (client, remaining) => client.flushAll(remaining),
    isAwaited: runner.isAwaited(METHODS.flushAll, options),
  })
  return failed.size === 0 && [...answers.values()].every(Boolean)
}

/** Statistics by the servers' names. */
export async function stats<V>(
  runner: CallRunner<V>,
  args: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  const { answers } = await runner.onAll(undefined, {
    name: 'stats',
    send: (client) => client.stats?.(...args) ?? lacking('stats'),
    isAwaited: true,
  })
  return answers
}

/** Versions by the servers' names. */
export async function version<V>(
  runner: CallRunner<V>,
  options: CommandOptions | undefined,
): Promise<Map<string, string>> {
  const { answers } = await runner.onAll(options, {
    name: 'version',
    send: (client, remaining) => client.version?.(remaining) ?? lacking('version'),
    isAwaited: true,
  })
  return answers
}
