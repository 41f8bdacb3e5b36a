import { Client } from '@mc/client'
import { FetchClient, type FetchOptions } from '@mc/fetch'
import { type Contender, KEY, STALE } from './contender.ts'

/** Ours: at its defaults, in text as through a proxy, and with the windows in which readers never wait. */
export const FETCH: readonly Contender[] = [
  { name: 'mc fetch', store: 'memcached', open: opener({}) },
  { name: 'mc fetch, text', store: 'memcached', open: opener({}, 'text') },
  {
    name: 'mc fetch, stale',
    store: 'memcached',
    open: opener({ staleWhileRevalidate: STALE, refreshAhead: 1 }),
  },
]

function opener(
  windows: FetchOptions<number>,
  dialect: 'auto' | 'text' = 'auto',
): Contender['open'] {
  return ({ server, expire, timeout }, load) => {
    const client = new FetchClient<number>(new Client<number>(server, { timeout, dialect }), {
      expire,
      ...windows,
    })
    return {
      read: async () => {
        const value = await client.fetch<number>(KEY, load)
        if (value === undefined)
          throw new Error('fetch answered undefined for a value that is there')
        return value
      },
      invalidate: () => client.invalidate(KEY),
    }
  }
}
