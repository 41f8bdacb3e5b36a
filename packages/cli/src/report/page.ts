import type { ServerFigures } from '../server-figures.ts'
import { bytesText, countText, percentText, secondsText } from '../units.ts'
import { bars, treemapOf } from './charts.ts'
import { type Html, html, Html as Safe } from './html.ts'
import type { BalanceRow, BucketRow, ReportData } from './report-data.ts'
import { STYLE } from './style.ts'

/** Prefixes that the treemap names; the rest is one tile. */
const TILES = 40

/** The report as one page, which asks for nothing from anywhere and runs no script. */
export function pageOf(data: ReportData): string {
  const { total, servers, sample } = data
  const dead = servers.filter(({ error }) => error !== undefined).length
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>memcached, ${data.at}</title>
<style>${new Safe(STYLE)}</style>
</head>
<body>
<main>
<h1>memcached</h1>
<p>${data.at.slice(0, 16).replace('T', ' ')} UTC, ${servers.length} servers${dead === 0 ? '' : `, ${dead} unreachable`}${
    sample < 1 ? `, figures by item from a sample of ${percentText(sample)}` : ''
  }</p>
<div class="cards">
<div><b>${countText(total.items ?? 0)}</b><span>items</span></div>
<div><b>${bytesText(total.bytes ?? 0)}</b><span>of ${bytesText(total.limit ?? 0)}</span></div>
<div><b>${percentText(total.hitRatio ?? Number.NaN)}</b><span>hits</span></div>
<div><b>${countText((total.gets ?? 0) + (total.sets ?? 0))}</b><span>operations/s</span></div>
</div>
${section('fleet', 'Fleet', 'Rates and hit ratios are since each server’s start.', fleetTable(servers))}
${section('slabs', 'Memory by slab class', 'Of each class, by the size of its chunks: what items use, in what the class has.', slabBars(data))}
${section('sizes', 'Items by size', 'Bytes of memory of items of each size, with key and header.', bucketBars(data.sizes, 'under', bytesText))}
${section('ttls', 'Items by time to live', 'Bytes of memory that become free within each time.', ttlBars(data))}
${section('ages', 'Items by last use', 'Time since items were last read or written: what is long unused takes memory for nothing.', bucketBars(data.ages, 'within', secondsText))}
${section('prefixes', 'Largest prefixes', 'Areas are bytes of memory.', prefixTiles(data))}
${section('balance', 'Balance', `Items of each server in the stronger colour, against what ${data.hash} hashing would give it.`, balanceBars(data.balance))}
</main>
</body>
</html>
`.text
}

function section(id: string, title: string, text: string, content: Html): Html {
  return html`<section id="${id}"><h2>${title}</h2><p>${text}</p>${content}</section>`
}

const NOTHING = html`<p>There are no items.</p>`

function fleetTable(servers: readonly ServerFigures[]): Html {
  const titles = [
    'version',
    'up',
    'items',
    'memory',
    '',
    'hits',
    'get/s',
    'set/s',
    'evict/s',
    'connections',
  ]
  return html`<div class="scroll"><table><thead><tr><th>server</th>${titles.map(
    (title) => html`<th class="number">${title}</th>`,
  )}</tr></thead><tbody>${servers.map(serverRow)}</tbody></table></div>`
}

function serverRow(figures: ServerFigures): Html {
  const { server, error, bytes = 0, limit = 0 } = figures
  if (error !== undefined)
    return html`<tr><td>${server}</td><td class="bad" colspan="10">${error}</td></tr>`
  const cells = [
    figures.version ?? '',
    secondsText(figures.uptime ?? 0),
    countText(figures.items ?? 0),
    bytesText(bytes),
    percentText(limit === 0 ? Number.NaN : bytes / limit),
    percentText(figures.hitRatio ?? Number.NaN),
    countText(figures.gets ?? 0),
    countText(figures.sets ?? 0),
    countText(figures.evictions ?? 0),
    String(figures.connections ?? 0),
  ]
  return html`<tr><td>${server}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`
}

function slabBars({ slabs }: ReportData): Html {
  const used = slabs.filter(({ allocated }) => allocated > 0)
  if (used.length === 0) return NOTHING
  return bars(
    used.map(({ chunkSize, allocated, requested }) => ({
      name: bytesText(chunkSize),
      value: allocated,
      part: Math.min(requested, allocated),
      text: `${bytesText(requested)} of ${bytesText(allocated)}`,
    })),
  )
}

function bucketBars(
  rows: readonly BucketRow[],
  word: string,
  shown: (value: number) => string,
): Html {
  if (rows.length === 0) return NOTHING
  return bars(rows.map((row) => bucketBar(row, word, shown)))
}

function bucketBar(
  { from, to, count, bytes }: BucketRow,
  word: string,
  shown: (value: number) => string,
) {
  const name = to === Number.POSITIVE_INFINITY ? `${shown(from)} or more` : `${word} ${shown(to)}`
  return { name, value: bytes, text: `${bytesText(bytes)}, ${countText(count)} items` }
}

function ttlBars({ ttls, never }: ReportData): Html {
  if (ttls.length === 0 && never.count === 0) return NOTHING
  const rows = ttls.map((row) => bucketBar(row, 'within', secondsText))
  const text = `${bytesText(never.bytes)}, ${countText(never.count)} items`
  return bars([...rows, { name: 'never', value: never.bytes, text }])
}

function prefixTiles({ prefixes }: ReportData): Html {
  if (prefixes.length === 0) return NOTHING
  const rest = { prefix: `${prefixes.length - TILES} more`, count: 0, bytes: 0 }
  for (const { count, bytes } of prefixes.slice(TILES)) {
    rest.count += count
    rest.bytes += bytes
  }
  const shown = [...prefixes.slice(0, TILES), ...(rest.count === 0 ? [] : [rest])]
  return treemapOf(
    shown.map(({ prefix, count, bytes }) => ({
      name: prefix,
      value: bytes,
      text: `${bytesText(bytes)}, ${countText(count)} items`,
    })),
  )
}

function balanceBars(rows: readonly BalanceRow[]): Html {
  return bars(
    rows.map(({ server, items, expected, misplaced }) => ({
      name: server,
      value: Math.max(items, expected),
      part: items,
      text:
        `${countText(items)} of ${countText(expected)}` +
        (misplaced === 0 ? '' : `, ${countText(misplaced)} misplaced`),
    })),
  )
}
