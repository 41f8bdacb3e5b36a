import { hierarchy, treemap } from 'd3-hierarchy'
import { type Html, html } from './html.ts'

/** A bar with its name and what is written behind it. */
export interface BarRow {
  readonly name: string
  /** How long the bar is, against the longest. */
  readonly value: number
  /** A part of the bar, from its start, in the stronger colour. */
  readonly part?: number | undefined
  readonly text: string
}

/** Horizontal bars, the longest over the whole width. */
export function bars(rows: readonly BarRow[]): Html {
  const longest = Math.max(...rows.map(({ value }) => value), Number.MIN_VALUE)
  const width = (value: number): string => `${((value / longest) * 100).toFixed(2)}%`
  return html`<div class="bars">${rows.map(
    ({ name, value, part = value, text }) => html`<div class="row" title="${name}: ${text}">
<div class="name">${name}</div>
<div class="bar">${value === 0 ? '' : html`<i style="width:${width(value)}"></i>`}${part === 0 ? '' : html`<b style="width:${width(part)}"></b>`}</div>
<div class="text">${text}</div>
</div>`,
  )}</div>`
}

/** A rectangle of a treemap. */
export interface Tile {
  readonly name: string
  readonly value: number
  readonly text: string
}

/** The shape of the area, as in the style sheet. */
const WIDTH = 160
const HEIGHT = 90
/** Tiles smaller than this share of the width or height have no room for a name. */
const NAMED_WIDTH = 6
const NAMED_HEIGHT = 6

/** Rectangles whose areas are the values. */
export function treemapOf(tiles: readonly Tile[]): Html {
  const laidOut = treemap<TileNode>().size([WIDTH, HEIGHT]).padding(0.4)(
    hierarchy<TileNode>({ children: tiles.map((tile) => ({ tile })) })
      .sum(({ tile }) => tile?.value ?? 0)
      .sort((a, b) => (b.value ?? 0) - (a.value ?? 0)),
  )
  const share = (length: number, of: number): number => Number(((length / of) * 100).toFixed(3))
  return html`<div class="treemap">${laidOut.leaves().map(({ x0, x1, y0, y1, data }) => {
    const [width, height] = [share(x1 - x0, WIDTH), share(y1 - y0, HEIGHT)]
    const { name = '', text = '' } = data.tile ?? {}
    const isNamed = width >= NAMED_WIDTH && height >= NAMED_HEIGHT
    return html`<div class="tile" title="${name}: ${text}" style="left:${share(x0, WIDTH)}%;top:${share(y0, HEIGHT)}%;width:${width}%;height:${height}%">${
      isNamed ? html`<span>${name}</span><small>${text}</small>` : ''
    }</div>`
  })}</div>`
}

interface TileNode {
  readonly tile?: Tile
  readonly children?: TileNode[]
}
