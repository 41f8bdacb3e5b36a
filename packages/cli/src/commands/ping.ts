import { performance } from 'node:perf_hooks'
import type { Command } from 'commander'
import { type Context, reasonOf } from '../context.ts'
import { Exit } from '../exit.ts'

/** Asks every server for its version. */
export function addPing(program: Command, context: Context): void {
  program
    .command('ping')
    .description('ask every server for its version, and measure the round trip')
    .action(async (_: object, command: Command) => {
      await using fleet = await context.fleet(command)
      const answers = await Promise.all(
        fleet.servers.map(async (server) => {
          const client = fleet.client(server)
          try {
            await client.connect()
            const start = performance.now()
            const version = await client.version()
            return { server, version, ms: Number((performance.now() - start).toFixed(2)) }
          } catch (error) {
            return { server, error: reasonOf(error) }
          }
        }),
      )
      if (answers.some(({ error }) => error !== undefined)) context.exit = Exit.unreachable
      if (command.optsWithGlobals().json) return context.json(answers)
      return context.table(
        [{ title: 'server' }, { title: 'version' }, { title: 'round trip', align: 'right' }],
        answers.map(({ server, version, ms, error }) =>
          error === undefined
            ? [server, String(version), `${ms} ms`]
            : [server, context.paint('red', error), ''],
        ),
      )
    })
}
