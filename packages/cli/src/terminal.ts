import { styleText } from 'node:util'
import stringWidth from 'string-width'
import type { Io, Output } from './io.ts'

export type Style = Parameters<typeof styleText>[0]

/** Text in a style where the output shows styles, plain elsewhere. */
export type Paint = (style: Style, text: string) => string

export function paintFor(output: Output, env: Io['env']): Paint {
  const isForced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0'
  const isPlain = env.NO_COLOR !== undefined && env.NO_COLOR !== ''
  const hasColors = isForced || (output.isTTY === true && !isPlain && env.TERM !== 'dumb')
  // The output decides, which need not be that of the process.
  const options = { validateStream: false }
  return hasColors ? (style, text) => styleText(style, text, options) : (_, text) => text
}

/** A column of a table; numbers are aligned right. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

const GAP = '  '

/** Rows under their titles, without lines. The last text of a row runs over the empty cells behind it. */
export function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const all = [columns.map(({ title }) => paint('dim', title)), ...rows]
  const widths = columns.map((_, i) => {
    const fitting = all.filter(
      (row) => i === row.length - 1 || row.some((it, j) => j > i && it !== ''),
    )
    return Math.max(...fitting.map((row) => stringWidth(row[i] ?? '')))
  })
  const lines = all.map((row) =>
    columns
      .map(({ align }, i) => {
        const cell = row[i] ?? ''
        const blanks = ' '.repeat(Math.max(0, (widths[i] as number) - stringWidth(cell)))
        return align === 'right' ? blanks + cell : cell + blanks
      })
      .join(GAP)
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const SPARKS = '▁▂▃▄▅▆▇█'

/** A bar that fills `share` of `width` columns, in eighths of one. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8)
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]
}

/** A column for each of the last `width` values, from 0 up to their highest. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width)
  const highest = Math.max(...shown, 0)
  return shown
    .map((value) => SPARKS[highest === 0 ? 0 : Math.round((value / highest) * 7)])
    .join('')
}
