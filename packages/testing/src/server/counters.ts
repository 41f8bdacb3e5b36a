import type { Item } from './item.ts'

/** What is counted by slab class as well, by the names of `stats slabs` and `stats items`. */
export class ClassCounters {
  get_hits = 0
  cmd_set = 0
  delete_hits = 0
  incr_hits = 0
  decr_hits = 0
  cas_hits = 0
  cas_badval = 0
  touch_hits = 0
  evicted = 0
  evicted_nonzero = 0
  evicted_time = 0
  reclaimed = 0
  expired_unfetched = 0
  evicted_unfetched = 0
  evicted_active = 0
}

type CountedByClass = keyof ClassCounters & keyof Counters

/** The counters of `stats`, by the names it uses. */
export class Counters {
  readonly #classes = new Map<number, ClassCounters>()
  total_connections = 0
  cmd_get = 0
  cmd_set = 0
  cmd_flush = 0
  cmd_touch = 0
  cmd_meta = 0
  get_hits = 0
  get_misses = 0
  get_expired = 0
  get_flushed = 0
  delete_misses = 0
  delete_hits = 0
  incr_misses = 0
  incr_hits = 0
  decr_misses = 0
  decr_hits = 0
  cas_misses = 0
  cas_hits = 0
  cas_badval = 0
  touch_hits = 0
  touch_misses = 0
  store_too_large = 0
  store_no_memory = 0
  auth_cmds = 0
  auth_errors = 0
  bytes_read = 0
  bytes_written = 0
  total_items = 0
  expired_unfetched = 0
  evicted_unfetched = 0
  evicted_active = 0
  evictions = 0
  reclaimed = 0
  lru_crawler_starts = 0

  /** The counters of a slab class. */
  ofClass(id: number): ClassCounters {
    const known = this.#classes.get(id)
    if (known !== undefined) return known
    const counters = new ClassCounters()
    this.#classes.set(id, counters)
    return counters
  }

  /** Counts something that an item met, in all and in its slab class. */
  count(name: CountedByClass, { slabClass }: Pick<Item, 'slabClass'>): void {
    this[name]++
    this.ofClass(slabClass)[name]++
  }
}
