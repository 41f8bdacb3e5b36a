import { FLOOR } from './floor.ts'
import type { Measurement } from './measure.ts'

/** All measurements of one workload, by client. */
export interface Row {
  readonly workload: string
  readonly measurements: ReadonlyMap<string, readonly Measurement[]>
}

/** One client's figures: medians over the rounds. */
export interface Figures {
  readonly client: string
  readonly perSecond: number
  readonly min: number
  readonly max: number
}

/** Speeds of a row's clients, in their order. */
export function figuresOf({ measurements }: Row): Figures[] {
  return [...measurements].map(([client, all]) => {
    const speeds = all.map(({ perSecond }) => perSecond)
    return { client, perSecond: median(speeds), min: Math.min(...speeds), max: Math.max(...speeds) }
  })
}

/** The fastest of the other memcached clients of npm. */
export function bestPeer(row: Row): Figures | undefined {
  const peers = figuresOf(row).filter(({ client }) => kindOf(client) === 'peer')
  return peers.sort((a, b) => b.perSecond - a.perSecond)[0]
}

/** What a client is in the comparison: only peers are what ratios are told against. */
export function kindOf(client: string): 'ours' | 'peer' | 'floor' | 'other' {
  if (client.startsWith(FLOOR)) return 'floor'
  if (client.startsWith('mc')) return 'ours'
  return client.includes('redis-server') || client === 'pymemcache' ? 'other' : 'peer'
}

/**
 * What a client is of the best peer and of each floor: the median of the ratios within the rounds, as it
 * travels further than a ratio of medians.
 */
export function ratiosOf(row: Row, client: string): [other: string, ratio: number][] {
  const own = row.measurements.get(client) ?? []
  const floors = [...row.measurements.keys()].filter((name) => kindOf(name) === 'floor')
  const peer = bestPeer(row)?.client
  return (peer === undefined ? floors : [peer, ...floors]).map((other) => {
    const theirs = row.measurements.get(other) ?? []
    const ratios = own.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? 0))
    return [other, median(ratios)]
  })
}

/** One line for each workload: ours, the best peer, the ratio, the share of each floor. */
export function summarize(rows: readonly Row[]): string {
  const lines = [
    '| workload | mc, per second | best peer | its per second | ratio | of the floors |',
    '|---|--:|---|--:|--:|---|',
  ]
  for (const row of rows) {
    const figures = figuresOf(row)
    const ours = figures[0]
    const peer = bestPeer(row)
    if (ours === undefined) continue
    const ratios = ratiosOf(row, ours.client)
    const floors = ratios.filter(([other]) => kindOf(other) === 'floor')
    const cells = [
      row.workload,
      whole(ours.perSecond),
      peer?.client ?? '',
      peer === undefined ? '' : whole(peer.perSecond),
      peer === undefined ? '' : (ratios[0]?.[1] ?? 0).toFixed(2),
      floors.map(([name, ratio]) => `${name.slice(FLOOR.length)} ${ratio.toFixed(2)}`).join(', '),
    ]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}

/** A table for each workload: medians over the rounds, their spread, and ratios to the best peer. */
export function formatReport(rows: readonly Row[]): string {
  return rows.map(formatRow).join('\n')
}

function formatRow(row: Row): string {
  const best = bestPeer(row)?.perSecond
  const lines = [
    `## ${row.workload}`,
    '',
    '| client | per second | min to max | to best peer | CPU us | p50 ms | p99 ms | memory MB |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
  ]
  for (const { client, perSecond, min, max } of figuresOf(row)) {
    const all = row.measurements.get(client) ?? []
    const ratio = best === undefined ? '' : (perSecond / best).toFixed(2)
    const figures = (['cpu', 'p50', 'p99', 'memory'] as const).map((name) => {
      const values = all.map((one) => one[name]).filter((value) => value !== undefined)
      return values.length === 0 ? '' : median(values).toFixed(name === 'memory' ? 0 : 2)
    })
    const spread = `${whole(min)} to ${whole(max)}`
    lines.push(`| ${[client, whole(perSecond), spread, ratio, ...figures].join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}

/** A number as people read it. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** The middle one, of an even number the upper. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
