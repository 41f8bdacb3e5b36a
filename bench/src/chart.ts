import { type Figures, figuresOf, kindOf, type Row, whole } from './report.ts'

const BAR = 22
const GAP = 8
const LABEL = 190
const WIDTH = 480
const COLORS = { ours: '#2563eb', peer: '#9ca3af', other: '#c4a484', floor: '#e5e7eb' }

/** The name of a workload's chart. */
export function chartFile(workload: string): string {
  return `${workload.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.svg`
}

/** Bars of operations per second with their spread, as SVG. */
export function drawChart(row: Row): string {
  const figures = figuresOf(row)
  const most = Math.max(...figures.map(({ max }) => max))
  const scale = (value: number): number => Math.round((value / most) * WIDTH * 10) / 10
  const height = 50 + figures.length * (BAR + GAP)
  const bars = figures.map((figure, i) => bar(figure, 40 + i * (BAR + GAP), scale))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LABEL + WIDTH + 110}" height="${height}" font-family="sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="10" y="22" font-size="15" font-weight="bold">${row.workload}: operations per second</text>`,
    ...bars,
    '</svg>\n',
  ].join('\n')
}

function bar(
  { client, perSecond, min, max }: Figures,
  y: number,
  scale: (value: number) => number,
) {
  const middle = y + BAR / 2
  return [
    `<text x="${LABEL - 8}" y="${middle + 4}" text-anchor="end">${client}</text>`,
    `<rect x="${LABEL}" y="${y}" width="${scale(perSecond)}" height="${BAR}" fill="${COLORS[kindOf(client)]}"/>`,
    `<line x1="${LABEL + scale(min)}" x2="${LABEL + scale(max)}" y1="${middle}" y2="${middle}" stroke="#111827"/>`,
    `<text x="${LABEL + scale(max) + 6}" y="${middle + 4}">${whole(perSecond)}</text>`,
  ].join('\n')
}
