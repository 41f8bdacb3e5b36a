import { isUtf8 } from 'node:buffer'
import type { Item } from './item.ts'
import type { Store } from './store.ts'

/** An item as a server holds it. */
export interface ServerItem {
  /** As text, or one character per byte where the bytes are no UTF-8. */
  readonly key: string
  /** The bytes as stored: a client's serde has made them. */
  readonly value: Buffer
  /** Client flags. */
  readonly flags: number
  /** Second of Unix time at which it expires; 0: never. */
  readonly exptime: number
  /** CAS token. */
  readonly cas: string
}

/** The living items, by key. */
export function snapshotOf(store: Store): ServerItem[] {
  const items = [...store.items].filter((item) => !store.isDead(item))
  items.sort((a, b) => (a.key < b.key ? -1 : 1))
  return items.map((item) => ({
    key: textOf(item.key),
    // Counters are written over in place.
    value: Buffer.from(item.data),
    flags: item.flags,
    exptime: exptimeOf(item, store),
    cas: String(item.cas),
  }))
}

function exptimeOf({ exptime }: Item, { time }: Store): number {
  return exptime === 0 ? 0 : time.toUnixTime(exptime)
}

function textOf(key: string): string {
  const bytes = Buffer.from(key, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : key
}
