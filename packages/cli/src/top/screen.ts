import { shownText } from '../shown-text.ts'
import { bar, type Style, sparkline } from '../terminal.ts'
import { bytesText, countText, percentText } from '../units.ts'
import type { HotCount } from './hot-counts.ts'
import type { ServerRow, View } from './view.ts'
import { opsOf } from './view.ts'

/** A piece of a line in one style. */
export interface Segment {
  readonly text: string
  readonly style?: Style | undefined
}

export type Line = readonly Segment[]

const GRAPH = 12
const BAR = 8
const GAP = '  '
const HELP = 'q quit  s sort  r reverse'

/** The lines of a screen of this size, none longer than that. */
export function screenOf(view: View, columns: number, rows: number, clock: string): Line[] {
  const { sort, isReversed } = view
  const title = `mc top  ${view.rows.length} servers  ${clock}  by ${sort}${isReversed ? ' reversed' : ''}`
  const lines: Line[] = [
    [
      { text: title, style: 'bold' },
      { text: `${GAP}${HELP}`, style: 'dim' },
    ],
    [],
    ...serverTable(view),
    [],
  ]
  const left = rows - lines.length
  if (left > 1) lines.push(...hotTables(view, columns, left))
  return lines.slice(0, rows).map((line) => cut(line, columns))
}

function serverTable(view: View): Line[] {
  const all = view.total === undefined || view.rows.length < 2 ? [] : [view.total]
  const rows = [...view.rows, ...all]
  const width = Math.max(6, ...rows.map(({ figures }) => figures.server.length))
  const head = [
    'server'.padEnd(width),
    'items'.padStart(7),
    'memory'.padEnd(BAR + 20),
    'hits'.padStart(6).padEnd(7 + GRAPH),
    'ops/s'.padStart(7).padEnd(8 + GRAPH),
    'evict/s'.padStart(7),
    'conns'.padStart(6),
  ].join(GAP)
  return [[{ text: head, style: 'dim' }], ...rows.map((row) => serverLine(row, width))]
}

function serverLine({ figures, ops, hitRatios }: ServerRow, width: number): Line {
  const { server, error, items = 0, bytes = 0, limit = 0, hitRatio, evictions = 0 } = figures
  const name = server.padEnd(width)
  if (error !== undefined) return [{ text: name }, { text: `${GAP}${error}`, style: 'red' }]
  const share = limit === 0 ? 0 : bytes / limit
  const filled = bar(share, BAR)
  const use = `${bytesText(bytes)} of ${bytesText(limit)}`
  return [
    { text: `${name}${GAP}${countText(items).padStart(7)}${GAP}` },
    { text: filled, style: share > 0.9 ? 'yellow' : 'green' },
    { text: '·'.repeat(BAR - filled.length), style: 'dim' },
    { text: ` ${use.padEnd(19)}${GAP}${percentText(hitRatio ?? Number.NaN).padStart(6)} ` },
    { text: sparkline(hitRatios, GRAPH).padStart(GRAPH), style: 'green' },
    { text: `${GAP}${countText(opsOf(figures)).padStart(7)} ` },
    { text: sparkline(ops, GRAPH).padStart(GRAPH), style: 'cyan' },
    {
      text: `${GAP}${countText(evictions).padStart(7)}`,
      style: evictions > 0 ? 'yellow' : undefined,
    },
    { text: `${GAP}${String(figures.connections ?? 0).padStart(6)}` },
  ]
}

function hotTables(
  { keys, prefixes, keysProblem, skipped }: View,
  columns: number,
  rows: number,
): Line[] {
  if (keysProblem !== undefined) return [[{ text: keysProblem, style: 'yellow' }]]
  const half = Math.floor((columns - GAP.length) / 2)
  const note = skipped === 0 ? '' : `, without ${countText(skipped)} dropped events`
  const left = hotTable(`hottest keys${note}`, keys, half, rows)
  const right = hotTable('hottest prefixes', prefixes, half, rows)
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const style = i === 0 ? 'dim' : undefined
    return [
      { text: (left[i] ?? '').padEnd(half), style },
      { text: `${GAP}${right[i] ?? ''}`, style },
    ]
  })
}

function hotTable(
  title: string,
  counts: readonly HotCount[],
  width: number,
  rows: number,
): string[] {
  const names = Math.max(0, width - 18)
  const row = (name: string, reads: string, writes: string): string => {
    const shown = name.length > names ? `${name.slice(0, Math.max(0, names - 1))}…` : name
    return `${shown.padEnd(names)}${reads.padStart(9)}${writes.padStart(9)}`
  }
  return [
    row(title, 'reads', 'writes'),
    ...counts
      .slice(0, rows - 1)
      .map(({ name, reads, writes }) => row(shownText(name), countText(reads), countText(writes))),
  ]
}

function cut(line: Line, columns: number): Line {
  let left = columns
  const kept: Segment[] = []
  for (const { text, style } of line) {
    if (left <= 0) break
    kept.push({ text: text.slice(0, left), style })
    left -= text.length
  }
  return kept
}
