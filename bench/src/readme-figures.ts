import { readFile, writeFile } from 'node:fs/promises'
import { bestPeer, figuresOf, type Row, ratiosOf, whole } from './report.ts'

/** The workloads that the README shows. */
const SHOWN: readonly string[] = [
  'get 100 B, 1 in flight',
  'get 100 B, 64 in flight',
  'set 100 B, 64 in flight',
  'getMany of 100 x 100 B, 4 in flight',
  'get 100 B from three servers, 64 in flight',
  'get 100 B over TLS, 64 in flight',
]

/** Puts the figures of a whole run into the README. */
export async function writeReadmeFigures(readme: URL, rows: readonly Row[]): Promise<void> {
  const lines = rows.filter(({ workload }) => SHOWN.includes(workload)).map(lineOf)
  if (lines.length < SHOWN.length) return
  const table = ['| | mc, per second | best peer | times as much |', '|---|--:|--:|--:|', ...lines]
  const text = await readFile(readme, 'utf8')
  const block = /(<!-- figures -->\n).*(\n<!-- \/figures -->)/s
  await writeFile(
    readme,
    text.replace(block, (_, start, end) => start + table.join('\n') + end),
  )
}

function lineOf(row: Row): string {
  const [ours] = figuresOf(row)
  const peer = bestPeer(row)
  const [[, ratio] = ['', 0]] = ratiosOf(row, ours?.client ?? '')
  const best = `${whole(peer?.perSecond ?? 0)} (${peer?.client})`
  return `| ${[row.workload, whole(ours?.perSecond ?? 0), best, ratio.toFixed(2)].join(' | ')} |`
}
