import { type Cache, type CacheEntry, cachified, totalTtl } from '@epic-web/cachified'
import { Client } from '@mc/client'
import { type Contender, KEY, STALE } from './contender.ts'

/** Over our client, with its sharing of loads within a process. */
export const CACHIFIED: readonly Contender[] = [
  { name: 'cachified', store: 'memcached', open: opener(0) },
  { name: 'cachified, stale', store: 'memcached', open: opener(STALE) },
]

function opener(stale: number): Contender['open'] {
  return ({ server, expire, timeout }, load) => {
    const client = new Client<CacheEntry>(server, { timeout })
    const cache: Cache = {
      get: (key) => client.get(key),
      set: (key, entry) =>
        client.set(key, entry, { expire: Math.ceil(totalTtl(entry.metadata) / 1000) }),
      delete: (key) => client.delete(key),
    }
    return {
      read: () =>
        cachified({
          key: KEY,
          cache,
          ttl: expire * 1000,
          staleWhileRevalidate: stale * 1000,
          getFreshValue: load,
        }),
      invalidate: () => client.delete(KEY),
    }
  }
}
