import { encodeBase64 } from '../protocol/index.ts'
import type { EmbeddedServerState } from './exchange.ts'
import { sizeOf } from './item.ts'
import { percentEncode } from './percent-encode.ts'

/** Writes the answer to `lru_crawler metadump` for `all`, `hash` or slab classes with commas between, all but its last line. */
export function metadump(
  { store, writer, features }: EmbeddedServerState,
  classes: string,
): string {
  const all = classes === 'all' || classes === 'hash'
  const wanted = new Set(classes.split(',').map(Number))
  if (features.dumpGreeting) writer.line('OK')
  for (const item of store.items) {
    const size = sizeOf(item)
    if (store.isDead(item) || !(all || wanted.has(item.slabClass))) continue
    const { time } = store
    // Lines of a dump end without a carriage return.
    writer.bytes(
      `key=${percentEncode(item.key)} exp=${item.exptime === 0 ? -1 : time.toUnixTime(item.exptime)}` +
        ` la=${time.toUnixTime(item.usedAt)} cas=${item.cas} fetch=${item.fetched ? 'yes' : 'no'}` +
        ` cls=${item.slabClass} size=${size}${features.dumpFlags ? ` flags=${item.flags} ` : ''}\n`,
    )
  }
  return 'END'
}

/** Writes the answer to `lru_crawler mgdump`, all but its last line. */
export function mgdump({ store, writer, features }: EmbeddedServerState): string {
  if (features.dumpGreeting) writer.line('OK')
  for (const item of store.items) {
    if (store.isDead(item)) continue
    writer.line(item.binaryKey ? `mg ${encodeBase64(item.key)} b` : `mg ${item.key}`)
  }
  return 'EN'
}
