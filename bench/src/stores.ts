import type { Opener } from './clients.ts'

// Loaded where they are used: what they do at their start slows every promise of the process.

/** What a user might pick in place of memcached: redis-server by its two clients. */
export const STORES: Readonly<Record<string, Opener>> = {
  'ioredis (redis-server)': async ({ redis }) => {
    const { Redis } = await import('ioredis')
    const client = new Redis(`redis://${redis}`)
    return {
      get: (key) => client.get(key),
      set: (key, value) => client.set(key, value as string),
      getMany: async (keys) => (await client.mget(...keys)).length,
      setMany: (entries) => client.mset(entries),
      close: () => client.quit(),
    }
  },

  'redis (redis-server)': async ({ redis }) => {
    const { createClient } = await import('redis')
    const client = createClient({ url: `redis://${redis}` })
    await client.connect()
    return {
      get: (key) => client.get(key),
      set: (key, value) => client.set(key, value as string),
      getMany: async (keys) => (await client.mGet([...keys])).length,
      setMany: (entries) => client.mSet(entries),
      close: () => client.close(),
    }
  },
}
