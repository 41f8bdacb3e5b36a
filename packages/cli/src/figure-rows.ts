import type { ServerFigures } from './server-figures.ts'
import { bar, type Column, type Paint } from './terminal.ts'
import { bytesText, countText, percentText, secondsText } from './units.ts'

const BAR_WIDTH = 10

export const FIGURE_COLUMNS: readonly Column[] = [
  { title: 'server' },
  { title: 'version' },
  { title: 'up', align: 'right' },
  { title: 'items', align: 'right' },
  { title: 'memory' },
  { title: '', align: 'right' },
  { title: 'hits', align: 'right' },
  { title: 'get/s', align: 'right' },
  { title: 'set/s', align: 'right' },
  { title: 'evict/s', align: 'right' },
  { title: 'conns', align: 'right' },
]

/** A row under `FIGURE_COLUMNS`. */
export function figureRow(figures: ServerFigures, paint: Paint): string[] {
  const { server, error, version = '', uptime, bytes = 0, limit = 0, hitRatio } = figures
  if (error !== undefined) return [server, paint('red', error), ...Array(9).fill('')]
  const share = limit === 0 ? 0 : bytes / limit
  const filled = bar(share, BAR_WIDTH)
  const empty = paint('dim', '·'.repeat(BAR_WIDTH - filled.length))
  const evictions = countText(figures.evictions ?? 0)
  return [
    server,
    version,
    uptime === undefined ? '' : secondsText(uptime),
    countText(figures.items ?? 0),
    paint(share > 0.9 ? 'yellow' : 'green', filled) + empty,
    `${bytesText(bytes)} of ${bytesText(limit)}`,
    percentText(hitRatio ?? Number.NaN),
    countText(figures.gets ?? 0),
    countText(figures.sets ?? 0),
    (figures.evictions ?? 0) > 0 ? paint('yellow', evictions) : evictions,
    String(figures.connections ?? 0),
  ]
}
