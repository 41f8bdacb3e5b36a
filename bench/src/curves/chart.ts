import { whole } from '../report.ts'
import type { Curve } from './curves.ts'
import type { Measured } from './main.ts'

const LEFT = 90
const TOP = 44
const WIDTH = 560
const HEIGHT = 220

/** The name of a curve's chart. */
export function curveFile({ unit }: Curve): string {
  return `curve-${unit.replace(/[^a-z]+/g, '-')}.svg`
}

/** Gets per second with their spread, over a logarithmic axis, as SVG. */
export function drawCurve({ title, unit }: Curve, measured: readonly Measured[]): string {
  const [least, most] = [measured[0]?.x ?? 1, measured.at(-1)?.x ?? 1]
  const top = Math.max(...measured.map(({ max }) => max))
  const across = (x: number): number =>
    round(LEFT + (Math.log(x / least) / Math.log(most / least)) * WIDTH)
  const up = (speed: number): number => round(TOP + HEIGHT - (speed / top) * HEIGHT)
  const bottom = TOP + HEIGHT
  const marks = measured.map(({ x, perSecond, min, max }) =>
    [
      `<line x1="${across(x)}" x2="${across(x)}" y1="${up(min)}" y2="${up(max)}" stroke="#111827"/>`,
      `<circle cx="${across(x)}" cy="${up(perSecond)}" r="4" fill="#2563eb"/>`,
      `<text x="${across(x)}" y="${bottom + 20}" text-anchor="middle">${whole(x)}</text>`,
    ].join('\n'),
  )
  const line = measured.map(({ x, perSecond }) => `${across(x)},${up(perSecond)}`).join(' ')
  const levels = [top, top / 2].map((speed) =>
    [
      `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${up(speed)}" y2="${up(speed)}" stroke="#e5e7eb"/>`,
      `<text x="${LEFT - 8}" y="${up(speed) + 4}" text-anchor="end">${whole(speed)}</text>`,
    ].join('\n'),
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 50}" height="${bottom + 50}" font-family="sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="10" y="22" font-size="15" font-weight="bold">${title}: gets per second</text>`,
    ...levels,
    `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${bottom}" y2="${bottom}" stroke="#111827"/>`,
    `<polyline points="${line}" fill="none" stroke="#2563eb" stroke-width="2"/>`,
    ...marks,
    `<text x="${LEFT + WIDTH / 2}" y="${bottom + 42}" text-anchor="middle">${unit}</text>`,
    '</svg>\n',
  ].join('\n')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
