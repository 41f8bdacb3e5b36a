import { setTimeout } from 'node:timers/promises'
import { reasonOf } from '../context.ts'
import type { Fleet } from '../fleet.ts'
import { prefixOf } from '../prefix-sums.ts'
import { HotCounts } from './hot-counts.ts'

/** Milliseconds until a server that could not be watched is tried again. */
const RETRY_DELAY = 2000

/** The hottest keys and prefixes of a fleet, for as long as it is watched. */
export class HotKeys {
  readonly keys: HotCounts = new HotCounts()
  readonly prefixes: HotCounts = new HotCounts()
  /** Events that servers dropped, as they came faster than they were read. */
  skipped = 0
  readonly #problems = new Map<string, string>()
  #servers = 0

  /** Why there are no keys, while no server can be watched. */
  get problem(): string | undefined {
    if (this.#problems.size === 0 || this.#problems.size < this.#servers) return undefined
    return [...this.#problems.values()][0]
  }

  /** Counts until the signal aborts. */
  async watch(fleet: Fleet, separator: string, signal: AbortSignal): Promise<void> {
    this.#servers = fleet.servers.length
    await Promise.all(
      fleet.servers.map(async (server) => {
        while (!signal.aborted) {
          try {
            await this.#watchServer(fleet, server, separator, signal)
          } catch (error) {
            this.#problems.set(server, reasonOf(error))
          }
          await setTimeout(RETRY_DELAY, undefined, { signal }).catch(() => {})
        }
      }),
    )
  }

  async #watchServer(
    fleet: Fleet,
    server: string,
    separator: string,
    signal: AbortSignal,
  ): Promise<void> {
    const events = fleet.client(server).watch(['fetchers', 'mutations'], { signal })
    for await (const event of events) {
      this.#problems.delete(server)
      if (event.type === 'skipped') this.skipped += event.count
      if (event.type !== 'item_get' && event.type !== 'item_store') continue
      const key = event.key.toString()
      const prefix = prefixOf(key, separator, 1)
      for (const counts of [this.keys, this.prefixes]) {
        const name = counts === this.keys ? key : prefix
        if (event.type === 'item_get') counts.read(name)
        else counts.written(name)
      }
    }
  }
}
