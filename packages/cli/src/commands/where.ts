import type { Command } from 'commander'
import { fleetOptions } from '../connection-options.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit.ts'
import { hasherOf } from '../hashers.ts'
import { parseServers } from '../servers.ts'
import { percentText } from '../units.ts'

/** Keys that stand in for all keys when a share is wanted. */
const SAMPLE = 10_000

interface WhereFlags {
  readonly add?: string
  readonly remove?: string
  readonly json?: boolean
}

/** Says where keys are, without asking any server. */
export function addWhere(program: Command, context: Context): void {
  program
    .command('where')
    .argument('[keys...]')
    .description(
      'the server of each key; with --add or --remove, what share of all keys would move',
    )
    .option('--add <servers>', 'as if these servers were added')
    .option('--remove <servers>', 'as if these servers were removed')
    .action(async (keys: string[], _: object, command: Command) => {
      const flags = command.optsWithGlobals<WhereFlags>()
      const { servers, hash } = await fleetOptions(command.optsWithGlobals(), context.io)
      const added = parseServers([flags.add ?? '']).servers
      const removed = parseServers([flags.remove ?? '']).servers
      const isChange = added.length + removed.length > 0
      if (keys.length === 0 && !isChange)
        throw new UsageError('name a key, or servers to add or remove')
      const now = hasherOf(hash, servers)
      const unknown = removed.find((server) => !servers.includes(server))
      if (unknown !== undefined) throw new UsageError(`${unknown} is not a server of the fleet`)
      const next = hasherOf(
        hash,
        [...servers, ...added].filter((it) => !removed.includes(it)),
      )
      const places = keys.map((key) => ({
        key,
        server: now.getNode(key),
        ...(isChange && { after: next.getNode(key) }),
      }))
      let moved = 0
      if (isChange) {
        for (let i = 0; i < SAMPLE; i++) {
          const key = `key:${i}`
          if (now.getNode(key) !== next.getNode(key)) moved++
        }
      }
      const share = moved / SAMPLE
      if (flags.json) return context.json({ places, ...(isChange && { moved: share }) })
      if (keys.length > 0) {
        await context.table(
          [{ title: 'key' }, { title: 'server' }, ...(isChange ? [{ title: 'after' }] : [])],
          places.map(({ key, server, after }) => [
            key,
            server ?? '',
            ...(isChange ? [after ?? ''] : []),
          ]),
        )
      }
      if (isChange) await context.print(`${percentText(share)} of all keys would move\n`)
    })
}
