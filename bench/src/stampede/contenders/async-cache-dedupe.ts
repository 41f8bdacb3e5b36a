import { createCache } from 'async-cache-dedupe'
import { Redis } from 'ioredis'
import { type Contender, KEY, STALE } from './contender.ts'

/** Over its own storage of Redis, with its sharing of loads and reads within a process. */
export const ASYNC_CACHE_DEDUPE: readonly Contender[] = [
  { name: 'async-cache-dedupe', store: 'redis-server', open: opener(0) },
  { name: 'async-cache-dedupe, stale', store: 'redis-server', open: opener(STALE) },
]

function opener(stale: number): Contender['open'] {
  return ({ server, expire, timeout }, load) => {
    const client = new Redis(`redis://${server}`, timeout ? { commandTimeout: timeout } : {})
    const cache = createCache({
      ttl: expire,
      stale,
      storage: { type: 'redis', options: { client } },
      onError: () => undefined, // the read rejects as well
    }).define('read', (_key: string) => load())
    return {
      read: () => cache.read(KEY),
      invalidate: () => cache.clear('read', KEY),
    }
  }
}
