import type { Measurement } from './measure.ts'

/** All measurements of one workload, by client. */
export interface Row {
  readonly workload: string
  readonly measurements: ReadonlyMap<string, readonly Measurement[]>
}

/** Markdown tables: medians over the rounds, their spread, and ratios to the best peer. */
export function formatReport(rows: readonly Row[]): string {
  return rows.map(formatRow).join('\n')
}

function formatRow({ workload, measurements }: Row): string {
  const speeds = new Map(
    [...measurements].map(([client, all]) => [client, all.map(({ perSecond }) => perSecond)]),
  )
  const peers = [...speeds].filter(([client]) => !client.startsWith('mc') && client !== 'floor')
  const best = Math.max(0, ...peers.map(([, all]) => median(all)))
  const lines = [
    `## ${workload}`,
    '',
    '| client | per second | min to max | to best peer | CPU us | p50 ms | p99 ms | heap MB |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
  ]
  for (const [client, all] of measurements) {
    const speed = speeds.get(client) ?? []
    const ratio = best > 0 ? (median(speed) / best).toFixed(2) : ''
    const spread = `${whole(Math.min(...speed))} to ${whole(Math.max(...speed))}`
    const figures = (['cpu', 'p50', 'p99', 'heap'] as const).map((figure) =>
      client === 'floor' ? '' : median(all.map((one) => one[figure])).toFixed(2),
    )
    lines.push(`| ${[client, whole(median(speed)), spread, ratio, ...figures].join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
