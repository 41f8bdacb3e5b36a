import type { EmbeddedServerState } from './exchange.ts'
import { type Item, sizeOf } from './item.ts'
import { slabChunk } from './slab-classes.ts'
import type { Stat } from './stat.ts'

const PAGE = 1_048_576
const SLAB_COUNTERS = [
  'get_hits',
  'cmd_set',
  'delete_hits',
  'incr_hits',
  'decr_hits',
  'cas_hits',
  'cas_badval',
  'touch_hits',
] as const

/** The lines of `stats items`. */
export function* itemStats({ store }: EmbeddedServerState): Generator<Stat, void> {
  for (const [id, items] of itemsByClass(store.items)) {
    const oldest = items[items.length - 1] as Item
    const counters = store.counters.ofClass(id)
    const stats: readonly Stat[] = [
      ['number', items.length],
      ['number_hot', 0],
      ['number_warm', 0],
      ['number_cold', items.length],
      ['age_hot', 0],
      ['age_warm', 0],
      ['age', store.time.now - oldest.usedAt],
      ['mem_requested', items.reduce((sum, item) => sum + sizeOf(item), 0)],
      ['evicted', counters.evicted],
      ['evicted_nonzero', counters.evicted_nonzero],
      ['evicted_time', counters.evicted_time],
      ['outofmemory', 0],
      ['tailrepairs', 0],
      ['reclaimed', counters.reclaimed],
      ['expired_unfetched', counters.expired_unfetched],
      ['evicted_unfetched', counters.evicted_unfetched],
      ['evicted_active', counters.evicted_active],
      ['crawler_reclaimed', 0],
      ['crawler_items_checked', 0],
      ['lrutail_reflocked', 0],
      ['moves_to_cold', 0],
      ['moves_to_warm', 0],
      ['moves_within_lru', 0],
      ['direct_reclaims', 0],
      ['hits_to_hot', 0],
      ['hits_to_warm', 0],
      ['hits_to_cold', counters.get_hits],
      ['hits_to_temp', 0],
    ]
    for (const [name, value] of stats) yield [`items:${id}:${name}`, value]
  }
}

/** The lines of `stats slabs`. */
export function* slabStats({ store }: EmbeddedServerState): Generator<Stat, void> {
  let pages = 0
  const items = itemsByClass(store.items)
  for (const id of [...store.slabClasses].sort((a, b) => a - b)) {
    const chunk = slabChunk(id)
    const used = items.get(id)?.length ?? 0
    const classPages = Math.max(1, Math.ceil(used / chunk.perPage))
    yield [`${id}:chunk_size`, chunk.size]
    yield [`${id}:chunks_per_page`, chunk.perPage]
    yield [`${id}:total_pages`, classPages]
    yield [`${id}:total_chunks`, classPages * chunk.perPage]
    yield [`${id}:used_chunks`, used]
    yield [`${id}:free_chunks`, classPages * chunk.perPage - used]
    yield [`${id}:free_chunks_end`, 0]
    const counters = store.counters.ofClass(id)
    for (const name of SLAB_COUNTERS) yield [`${id}:${name}`, counters[name]]
    pages += classPages
  }
  yield ['active_slabs', store.slabClasses.size]
  yield ['total_malloced', pages * PAGE]
}

/** Items by slab class, in the order of the classes, the most recently used first. */
export function itemsByClass(items: Iterable<Item>): Map<number, Item[]> {
  const classes = new Map<number, Item[]>()
  for (const item of items) {
    const known = classes.get(item.slabClass)
    if (known === undefined) classes.set(item.slabClass, [item])
    else known.push(item)
  }
  return new Map([...classes].sort(([a], [b]) => a - b))
}
