import type { EmbeddedServerState } from './exchange.ts'
import { sizeOf } from './item.ts'

/** Writes the answer to `lru_crawler metadump` for `all`, `hash` or slab classes with commas between, all but its last line. */
export function metadump({ store, writer }: EmbeddedServerState, classes: string): string {
  const all = classes === 'all' || classes === 'hash'
  const wanted = new Set(classes.split(',').map(Number))
  for (const item of store.items) {
    const size = sizeOf(item)
    if (store.isDead(item) || !(all || wanted.has(item.slabClass))) continue
    const { time } = store
    // Lines of a dump end without a carriage return.
    writer.bytes(
      `key=${percentEncode(item.key)} exp=${item.exptime === 0 ? -1 : time.toUnixTime(item.exptime)}` +
        ` la=${time.toUnixTime(item.usedAt)} cas=${item.cas} fetch=${item.fetched ? 'yes' : 'no'}` +
        ` cls=${item.slabClass} size=${size}\n`,
    )
  }
  return 'END'
}

function percentEncode(key: string): string {
  return key.replace(/[^A-Za-z0-9._~-]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
