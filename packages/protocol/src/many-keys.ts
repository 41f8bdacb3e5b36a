import { MemcacheIllegalInputError } from './errors.ts'
import type { Entries, Key } from './memcache-client.ts'

/** The pairs of entries in any of their forms. @throws MemcacheIllegalInputError */
export function entryPairs<V>(entries: Entries<V>): (readonly [Key, V])[] {
  if (typeof entries !== 'object' || entries === null) {
    illegalEntries()
  }
  if (!(Symbol.iterator in entries)) return Object.entries(entries)
  if (typeof entries[Symbol.iterator] !== 'function') illegalEntries()
  const pairs = [...(entries as Iterable<readonly [Key, V]>)]
  for (const pair of pairs) if (!Array.isArray(pair) || pair.length !== 2) illegalEntries()
  return pairs
}

/** The keys as an array, since an iterable may be read only once. @throws MemcacheIllegalInputError */
export function keyList(keys: Iterable<Key>): Key[] {
  if (typeof keys === 'string' || typeof keys?.[Symbol.iterator] !== 'function') {
    throw new MemcacheIllegalInputError('keys must be an iterable of keys, not one key')
  }
  return [...keys]
}

function illegalEntries(): never {
  throw new MemcacheIllegalInputError('entries must be a Map, an iterable of pairs or an object')
}
