import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ConnectionFlags } from '../connection-options.ts'
import type { Context } from '../context.ts'
import { Exit, UsageError } from '../exit.ts'
import { pageOf } from '../report/page.ts'
import { collectReport } from '../report/report-data.ts'

interface ReportFlags extends ConnectionFlags {
  readonly output?: string
  readonly sample?: number
  readonly separator?: string
  readonly json?: boolean
}

/** Writes what there is to know of a fleet as one page. */
export function addReport(program: Command, context: Context): void {
  program
    .command('report')
    .description(
      'one page of HTML that opens from disk: fleet, memory, sizes, expiry, prefixes, balance',
    )
    .option('-o, --output <file>', 'where to (default report.html; - for the standard output)')
    .option('--sample <share>', 'of a random share of the items, such as 0.01', Number)
    .option('--separator <text>', 'what a prefix ends with (default :)')
    .action(async (_: object, command: Command) => {
      const flags = command.optsWithGlobals<ReportFlags>()
      const { output = 'report.html', sample = 1, separator = ':', json } = flags
      if (separator === '') throw new UsageError('--separator must not be empty')
      await using fleet = await context.fleet(command)
      const data = await collectReport(context, fleet, { sample, separator })
      if (data.servers.some(({ error }) => error !== undefined)) context.exit = Exit.unreachable
      if (json) return context.json(data)
      const page = pageOf(data)
      if (output === '-') return context.print(page)
      await writeFile(output, page).catch((error: Error) => {
        throw new UsageError(`cannot write ${output}: ${error.message}`)
      })
      return context.print(`${output}\n`)
    })
}
