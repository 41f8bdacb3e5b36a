import { Client } from '@mc/client'
import { type Contender, KEY } from './contender.ts'

/** What most applications have: get, and on a miss load and set. A cache that fails is an empty one. */
export const BY_HAND: readonly Contender[] = [
  {
    name: 'by hand',
    store: 'memcached',
    open: ({ server, expire, timeout }, load) => {
      const client = new Client<number>(server, { timeout })
      return {
        read: async () => {
          const cached = await client.get(KEY).catch(() => undefined)
          if (cached !== undefined) return cached
          const loaded = await load()
          await client.set(KEY, loaded, { expire }).catch(() => undefined)
          return loaded
        },
        invalidate: () => client.delete(KEY),
      }
    },
  },
]
