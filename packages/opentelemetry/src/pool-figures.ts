import type { PoolEvent } from '@mc/protocol'

/** The figures of all pools of one server together. */
export interface PoolTotals {
  readonly idle: number
  readonly used: number
  readonly waiting: number
}

/** The figures of all pools, by server. */
export class PoolFigures {
  readonly #pools = new Map<object, PoolEvent>()
  /** All that there ever were: a figure that was reported ends at zero. */
  readonly #servers = new Set<string>()

  note(event: PoolEvent): void {
    this.#servers.add(event.server ?? '')
    if (event.size === 0 && event.waiting === 0) this.#pools.delete(event.pool)
    else this.#pools.set(event.pool, event)
  }

  totals(): Map<string, PoolTotals> {
    const totals = new Map<string, PoolTotals>()
    for (const server of this.#servers) totals.set(server, { idle: 0, used: 0, waiting: 0 })
    for (const { server = '', size, inUse, waiting } of this.#pools.values()) {
      const known = totals.get(server) as PoolTotals
      totals.set(server, {
        idle: known.idle + Math.max(0, size - inUse),
        used: known.used + inUse,
        waiting: known.waiting + waiting,
      })
    }
    return totals
  }
}
