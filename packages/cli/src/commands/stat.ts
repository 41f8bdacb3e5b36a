import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { Exit, UsageError } from '../exit.ts'
import { FIGURE_COLUMNS, figureRow } from '../figure-rows.ts'
import { FigureSampler, totalOf } from '../server-figures.ts'

interface StatFlags {
  readonly interval?: number
  readonly count?: number
  readonly json?: boolean
}

/** Shows what every server says of itself. */
export function addStat(program: Command, context: Context): void {
  program
    .command('stat')
    .description('items, memory, hit ratio and rates of every server')
    .option('-i, --interval <seconds>', 'repeat, with the rates of each interval', Number)
    .option('-n, --count <times>', 'repeat so many times', Number)
    .action(async (_: object, command: Command) => {
      const {
        interval,
        count = Number.POSITIVE_INFINITY,
        json,
      } = command.optsWithGlobals<StatFlags>()
      if (interval !== undefined && !(interval > 0)) {
        throw new UsageError(`--interval must be more than 0 seconds, got ${interval}`)
      }
      await using fleet = await context.fleet(command)
      const sampler = new FigureSampler(fleet)
      for (let round = 0; round < (interval === undefined ? 1 : count); round++) {
        if (round > 0) {
          await setTimeout((interval ?? 0) * 1000, undefined, { signal: context.io.signal }).catch(
            () => {},
          )
          if (context.io.signal.aborted) return
        }
        const all = await sampler.sample()
        context.exit = all.some(({ error }) => error !== undefined) ? Exit.unreachable : Exit.ok
        if (json) await context.json(all)
        else {
          const rows = all.length > 1 ? [...all, totalOf(all)] : all
          if (round > 0) await context.print('\n')
          await context.table(
            FIGURE_COLUMNS,
            rows.map((figures) => figureRow(figures, context.paint)),
          )
        }
      }
    })
}
