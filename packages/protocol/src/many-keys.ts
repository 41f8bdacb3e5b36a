import { MemcacheIllegalInputError } from './errors.ts'
import { keyPair, shownKey } from './key.ts'
import type { Entries, ItemKey, Key } from './memcache-client.ts'

/**
 * The pairs of entries in any of their forms. A key may come twice: its last value is stored last.
 *
 * @throws MemcacheIllegalInputError
 */
export function entryPairs<V>(entries: Entries<V>): (readonly [Key, V])[] {
  if (typeof entries !== 'object' || entries === null) {
    illegalEntries()
  }
  if (!(Symbol.iterator in entries)) return Object.entries(entries)
  if (typeof entries[Symbol.iterator] !== 'function') illegalEntries()
  const pairs = [...(entries as Iterable<readonly [Key, V]>)]
  for (const pair of pairs) if (!Array.isArray(pair) || pair.length !== 2) illegalEntries()
  checkItemKeys(pairs.map(([key]) => key))
  return pairs
}

/** The keys as an array, since an iterable may be read only once. @throws MemcacheIllegalInputError */
export function keyList(keys: Iterable<Key>): Key[] {
  if (typeof keys === 'string' || typeof keys?.[Symbol.iterator] !== 'function') {
    throw new MemcacheIllegalInputError(
      "keys must be an iterable of keys such as ['a', 'b'], not one key",
    )
  }
  const list = [...keys]
  checkItemKeys(list)
  return list
}

/**
 * What comes back is under the part of a key that is stored, where two keys that differ in nothing but the part
 * that chooses the server would have one entry.
 *
 * @throws MemcacheIllegalInputError
 */
function checkItemKeys(keys: readonly Key[]): void {
  // Most calls have no pair, and then there is nothing to remember.
  if (!keys.some((key) => keyPair(key) !== undefined)) return
  const serverKeys = new Map<ItemKey, ItemKey | undefined>()
  for (const key of keys) {
    const [serverKey, item] = keyPair(key) ?? [undefined, key as ItemKey]
    if (serverKeys.has(item) && !isSameKey(serverKeys.get(item), serverKey)) {
      const shown = typeof item === 'string' ? shownKey(item) : 'the same bytes'
      throw new MemcacheIllegalInputError(
        `two keys of one call store ${shown}, routed differently: their results cannot be told apart, so take a call for each`,
      )
    }
    serverKeys.set(item, serverKey)
  }
}

function isSameKey(one: ItemKey | undefined, other: ItemKey | undefined): boolean {
  if (one === other || one === undefined || other === undefined) return one === other
  return Buffer.from(one as string).equals(Buffer.from(other as string))
}

function illegalEntries(): never {
  throw new MemcacheIllegalInputError('entries must be a Map, an iterable of pairs or an object')
}
