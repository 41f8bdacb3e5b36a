import { rawSerde } from '@mc/serde'
import type { Command } from 'commander'
import { Bench, type BenchResult } from '../bench/bench.ts'
import type { Context } from '../context.ts'
import { Exit, UsageError } from '../exit.ts'
import { bar } from '../terminal.ts'
import { countText, percentText } from '../units.ts'

interface BenchFlags {
  readonly requests?: number
  readonly concurrency?: number
  readonly size?: number
  readonly keys?: number
  readonly gets?: number
  readonly json?: boolean
}

const DEFAULTS = { requests: 100_000, concurrency: 64, size: 100, keys: 10_000, gets: 0.9 }

/** Measures a fleet with reads and writes of its own keys. */
export function addBench(program: Command, context: Context): void {
  program
    .command('bench')
    .description(
      'throughput and latency of gets and sets of keys of its own, which it deletes afterwards',
    )
    .option('-n, --requests <count>', `how many in all (default ${DEFAULTS.requests})`, Number)
    .option(
      '-c, --concurrency <count>',
      `in flight at once (default ${DEFAULTS.concurrency})`,
      Number,
    )
    .option('--size <bytes>', `of each value (default ${DEFAULTS.size})`, Number)
    .option('--keys <count>', `how many different ones (default ${DEFAULTS.keys})`, Number)
    .option(
      '--gets <share>',
      `of all requests, the rest are sets (default ${DEFAULTS.gets})`,
      Number,
    )
    .action(async (_: object, command: Command) => {
      const { json, ...given } = command.optsWithGlobals<BenchFlags>()
      const options = { ...DEFAULTS, ...given }
      for (const name of ['requests', 'concurrency', 'size', 'keys'] as const) {
        const value = options[name]
        if (!Number.isInteger(value) || value < 1) {
          throw new UsageError(`--${name} must be an integer of 1 or more, got ${value}`)
        }
      }
      if (!(options.gets >= 0 && options.gets <= 1)) {
        throw new UsageError(`--gets must be from 0 to 1, got ${options.gets}`)
      }
      await using fleet = await context.fleet(command, { serde: rawSerde })
      const result = await new Bench(fleet, options).run(context.io.signal)
      if (Object.keys(result.errors).length > 0) context.exit = Exit.failed
      if (json) return context.json(result)
      return printResult(context, result)
    })
}

async function printResult(context: Context, result: BenchResult): Promise<void> {
  const { requests, seconds, perSecond, hits, gets, latency, histogram, errors } = result
  const { paint } = context
  await context.print(
    `${countText(requests)} requests in ${seconds.toFixed(2)} s: ${paint('bold', `${countText(perSecond)} a second`)}\n` +
      `${percentText(gets === 0 ? Number.NaN : hits / gets)} hits\n\n`,
  )
  await context.table(
    [{ title: 'latency' }, { title: 'ms', align: 'right' }],
    Object.entries(latency).map(([name, ms]) => [name, ms.toFixed(3)]),
  )
  const most = Math.max(...histogram.map(({ count }) => count), 1)
  await context.print('\n')
  await context.table(
    [{ title: 'up to ms', align: 'right' }, { title: 'requests', align: 'right' }, { title: '' }],
    histogram.map(({ ms, count }) => [
      String(ms),
      countText(count),
      paint('cyan', bar(count / most, 40)),
    ]),
  )
  for (const [code, count] of Object.entries(errors)) {
    await context.print(`${paint('red', code)}  ${count} times\n`)
  }
}
