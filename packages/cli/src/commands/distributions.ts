import type { Command } from 'commander'
import { Buckets, SIZE_BOUNDS, TIME_BOUNDS } from '../buckets.ts'
import type { Context } from '../context.ts'
import { dumpFleet } from '../dump.ts'
import { UsageError } from '../exit.ts'
import { PrefixSums } from '../prefix-sums.ts'
import { shownText } from '../shown-text.ts'
import { bar } from '../terminal.ts'
import { bytesText, countText, percentText, secondsText } from '../units.ts'

interface Flags {
  readonly sample?: number
  readonly json?: boolean
  readonly top?: number
  readonly depth?: number
  readonly separator?: string
}

interface Row {
  readonly name: string
  readonly count: number
  readonly bytes: number
}

/** Adds the commands that sum all items. */
export function addDistributions(program: Command, context: Context): void {
  addSizes(program, context)
  addTtls(program, context)
  addPrefixes(program, context)
}

function addSizes(program: Command, context: Context): void {
  summing(program, 'sizes', 'items and bytes by size').action(
    async (_: object, command: Command) => {
      const { sample, json } = command.optsWithGlobals<Flags>()
      await using fleet = await context.fleet(command)
      const buckets = new Buckets(SIZE_BOUNDS)
      await dumpFleet(context, fleet, {
        sample,
        figures: () => figuresOf(sizeRows(buckets)),
        onItem: ({ size }) => buckets.add(size, size),
      })
      const rows = buckets.rows.filter(({ count }) => count > 0)
      if (json) return context.json(rows)
      return printRows(context, 'size', sizeRows(buckets))
    },
  )
}

function sizeRows({ rows }: Buckets): Row[] {
  return rows
    .filter(({ count }) => count > 0)
    .map(({ from, to, ...sums }) => ({
      name: to === Infinity ? `${bytesText(from)} or more` : `under ${bytesText(to)}`,
      ...sums,
    }))
}

function addTtls(program: Command, context: Context): void {
  summing(program, 'ttls', 'items and bytes by time to live').action(
    async (_: object, command: Command) => {
      const { sample, json } = command.optsWithGlobals<Flags>()
      await using fleet = await context.fleet(command)
      const now = Date.now() / 1000
      const buckets = new Buckets(TIME_BOUNDS)
      const never = { count: 0, bytes: 0 }
      await dumpFleet(context, fleet, {
        sample,
        figures: () => figuresOf(ttlRows(buckets, never)),
        onItem({ expires, size }) {
          if (expires !== undefined) return buckets.add(Math.max(0, expires - now), size)
          never.count++
          never.bytes += size
        },
      })
      const rows = buckets.rows.filter(({ count }) => count > 0)
      if (json) return context.json({ expiring: rows, never })
      return printRows(context, 'expires', ttlRows(buckets, never))
    },
  )
}

function ttlRows({ rows }: Buckets, never: Omit<Row, 'name'>): Row[] {
  return [
    ...rows
      .filter(({ count }) => count > 0)
      .map(({ from, to, ...sums }) => ({
        name: to === Infinity ? `in ${secondsText(from)} or more` : `within ${secondsText(to)}`,
        ...sums,
      })),
    ...(never.count === 0 ? [] : [{ name: 'never', ...never }]),
  ]
}

function addPrefixes(program: Command, context: Context): void {
  summing(program, 'prefixes', 'the prefixes of keys that take the most memory')
    .option('--separator <text>', 'what a prefix ends with (default :)')
    .option('--depth <count>', 'how many separators a prefix has (default 1)', Number)
    .option('--top <count>', 'how many to show (default 20)', Number)
    .action(async (_: object, command: Command) => {
      const flags = command.optsWithGlobals<Flags>()
      const { sample, json, separator = ':', depth = 1, top = 20 } = flags
      if (separator === '' || !(depth >= 1) || !(top >= 1)) {
        throw new UsageError('--separator must not be empty; --depth and --top must be 1 or more')
      }
      await using fleet = await context.fleet(command)
      const sums = new PrefixSums(separator, depth)
      await dumpFleet(context, fleet, {
        sample,
        figures: () => figuresOf(prefixRows(sums)),
        onItem: ({ key, size }) => sums.add(key.toString(), size),
      })
      const rows = sums.largest.slice(0, top)
      if (json) return context.json(rows)
      return printRows(context, 'prefix', prefixRows(sums).slice(0, top), bytesOf(sums.largest))
    })
}

function prefixRows({ largest }: PrefixSums): Row[] {
  return largest.map(({ prefix, ...sum }) => ({ name: shownText(prefix), ...sum }))
}

function bytesOf(rows: readonly { readonly bytes: number }[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Bytes so far, and what has the most of them. */
function figuresOf(rows: readonly Row[]): string {
  const bytes = bytesOf(rows)
  if (bytes === 0) return ''
  const { name, bytes: most } = rows.reduce((a, b) => (b.bytes > a.bytes ? b : a))
  return `${bytesText(bytes)}, ${percentText(most / bytes)} ${name}`
}

function summing(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--sample <share>', 'of a random share of the items, such as 0.01', Number)
}

/** @param total - bytes of all items, where the rows are a part of them */
async function printRows(
  context: Context,
  title: string,
  rows: readonly Row[],
  total: number = bytesOf(rows),
): Promise<void> {
  if (rows.length === 0) return context.note('there are no items')
  const largest = Math.max(...rows.map(({ bytes }) => bytes))
  const width = Math.max(10, Math.min(40, context.width - 60))
  return context.table(
    [
      { title },
      { title: 'items', align: 'right' },
      { title: 'bytes', align: 'right' },
      { title: 'of all', align: 'right' },
      { title: '' },
    ],
    rows.map(({ name, count, bytes }) => [
      name,
      countText(count),
      bytesText(bytes),
      percentText(bytes / total),
      context.paint('cyan', bar(bytes / largest, width)),
    ]),
  )
}
