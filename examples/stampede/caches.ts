import { Client } from '@mc/client'
import { FetchClient } from '@mc/fetch'
import type { Cache } from './side.ts'
import type { Source } from './source.ts'

/** Seconds. */
const EXPIRE = 2
/** Of a call, in milliseconds: what is shown is loads, on a busy machine too. */
const TIMEOUT = 10_000

/** What most applications have: get, and on a miss load and set. */
export function byHand(server: string, source: Source): Cache {
  const client = new Client(server, { timeout: TIMEOUT })
  return {
    read: async () => {
      const cached = await client.get<number>('by-hand')
      if (cached !== undefined) return cached
      const loaded = await source.load()
      await client.set('by-hand', loaded, { expire: EXPIRE })
      return loaded
    },
    invalidate: () => client.delete('by-hand'),
    close: () => client.close(),
  }
}

/** The same with `fetch`: one caller loads, the others wait for it, and no load is stored over an invalidation. */
export function byFetch(server: string, source: Source): Cache {
  const client = new FetchClient(new Client(server, { timeout: TIMEOUT }), { expire: EXPIRE })
  return {
    read: () => client.fetch('fetch', () => source.load()),
    invalidate: () => client.invalidate('fetch'),
    close: () => client.close(),
  }
}
