import { type ServerFigures, totalOf } from '../server-figures.ts'
import type { HotCount } from './hot-counts.ts'

/** What rows can be sorted by, in the order in which a key goes through them. */
export const SORTS = ['server', 'ops', 'hits', 'memory', 'items', 'evictions'] as const

export type Sort = (typeof SORTS)[number]

/** What is remembered of a server for its sparklines. */
const HISTORY = 60

/** A server with the figures of the last minute. */
export interface ServerRow {
  readonly figures: ServerFigures
  readonly ops: readonly number[]
  readonly hitRatios: readonly number[]
}

/** All that a screen shows, apart from its size. */
export class View {
  sort: Sort = 'server'
  isReversed = false
  /** Why keys are not shown. */
  keysProblem: string | undefined
  /** Events that servers dropped: the counts are of the rest. */
  skipped = 0
  keys: readonly HotCount[] = []
  prefixes: readonly HotCount[] = []
  #rows = new Map<string, ServerRow>()
  #total: ServerRow | undefined

  /** Takes the figures of all servers, once each interval. */
  update(all: readonly ServerFigures[]): void {
    this.#rows = new Map(all.map((it) => [it.server, grown(this.#rows.get(it.server), it)]))
    this.#total = grown(this.#total, totalOf(all))
  }

  get rows(): readonly ServerRow[] {
    const rows = [...this.#rows.values()]
    const order = this.sort === 'server' ? 1 : -1
    rows.sort((a, b) => order * compare(sortValue(a, this.sort), sortValue(b, this.sort)))
    return this.isReversed ? rows.reverse() : rows
  }

  get total(): ServerRow | undefined {
    return this.#total
  }

  nextSort(): void {
    this.sort = SORTS[(SORTS.indexOf(this.sort) + 1) % SORTS.length] as Sort
  }
}

export function opsOf({ gets = 0, sets = 0 }: ServerFigures): number {
  return gets + sets
}

function grown(row: ServerRow | undefined, figures: ServerFigures): ServerRow {
  return {
    figures,
    ops: [...(row?.ops ?? []), opsOf(figures)].slice(-HISTORY),
    hitRatios: [...(row?.hitRatios ?? []), figures.hitRatio ?? 0].slice(-HISTORY),
  }
}

function sortValue({ figures }: ServerRow, sort: Sort): string | number {
  switch (sort) {
    case 'server':
      return figures.server
    case 'ops':
      return opsOf(figures)
    case 'hits':
      return figures.hitRatio ?? -1
    case 'memory':
      return (figures.bytes ?? 0) / (figures.limit ?? 1)
    case 'items':
      return figures.items ?? 0
    case 'evictions':
      return figures.evictions ?? 0
  }
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string' || typeof b === 'string') return String(a) < String(b) ? -1 : 1
  return a - b
}
