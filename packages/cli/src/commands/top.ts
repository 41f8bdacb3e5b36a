import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { UsageError } from '../exit.ts'
import { Top } from '../top/top.ts'

interface TopFlags {
  readonly interval?: number
  readonly keys: boolean
  readonly separator?: string
  readonly json?: boolean
}

/** Shows the fleet on a full screen; without a terminal, in lines. */
export function addTop(program: Command, context: Context): void {
  program
    .command('top')
    .description('a live view: rates, memory, hottest keys and prefixes; q ends it')
    .option('-i, --interval <seconds>', 'between two samples (default 1)', Number)
    .option('--no-keys', 'without keys: watching adds load to the servers')
    .option('--separator <text>', 'what a prefix ends with (default :)')
    .action(async (_: object, command: Command) => {
      const flags = command.optsWithGlobals<TopFlags>()
      const { interval = 1, keys, separator = ':', json = false } = flags
      if (!(interval > 0)) throw new UsageError(`--interval must be more than 0, got ${interval}`)
      if (separator === '') throw new UsageError('--separator must not be empty')
      await using fleet = await context.fleet(command)
      await new Top(context, fleet, { interval, keys, separator, json }).run()
    })
}
