import { createRequire } from 'node:module'
import type { Opener, Subject } from './clients.ts'

const require = createRequire(import.meta.url)

/** The memcached clients of npm. */
export const PEERS: Readonly<Record<string, Opener>> = {
  async memcache({ servers, ca }) {
    const { default: Memcache } = (await import('memcache')) as unknown as {
      default: new (
        options: object,
      ) => {
        connect(): Promise<void>
        get(key: string): Promise<unknown>
        gets(keys: readonly string[]): Promise<Map<string, string>>
        set(key: string, value: unknown): Promise<boolean>
        disconnect(): Promise<void>
      }
    }
    const client = new Memcache({ nodes: servers, ...(ca !== undefined && { tls: { ca } }) })
    await client.connect()
    return {
      get: (key) => client.get(key),
      set: (key, value) => client.set(key, value),
      getMany: async (keys) => (await client.gets(keys)).size,
      close: () => client.disconnect(),
    }
  },

  'memcache-client'({ servers: [server = ''], ca }) {
    const { MemcacheClient } = require('memcache-client') as {
      MemcacheClient: new (
        options: object,
      ) => {
        get(key: string): Promise<{ value: unknown } | undefined>
        get(keys: readonly string[]): Promise<Record<string, unknown>>
        set(key: string, value: unknown): Promise<unknown>
        shutdown(): void
      }
    }
    const client = new MemcacheClient({ server, ...(ca !== undefined && { tls: { ca } }) })
    return {
      get: async (key) => (await client.get(key))?.value,
      set: (key, value) => client.set(key, value),
      getMany: async (keys) => Object.keys(await client.get(keys)).length,
      close: () => client.shutdown(),
    }
  },

  memjs({ servers }) {
    const memjs = require('memjs') as {
      Client: {
        create(servers: string): {
          get(key: string): Promise<{ value: Buffer | null }>
          set(key: string, value: string, options: object): Promise<unknown>
          quit(): void
        }
      }
    }
    const client = memjs.Client.create(servers.join(','))
    return {
      get: async (key) => (await client.get(key)).value?.toString(),
      set: (key, value) => client.set(key, value as string, {}),
      close: () => client.quit(),
    }
  },

  memcached: ({ servers }) => npmMemcached(servers, {}),
  'memcached (poolSize 8)': ({ servers }) => npmMemcached(servers, { poolSize: 8 }),
}

type Callback<T> = (error: Error | undefined, result: T) => void

function npmMemcached(servers: readonly string[], options: object): Subject {
  const Memcached = require('memcached') as new (
    servers: readonly string[],
    options: object,
  ) => {
    get(key: string, done: Callback<unknown>): void
    getMulti(keys: readonly string[], done: Callback<Record<string, string>>): void
    set(key: string, value: unknown, lifetime: number, done: Callback<boolean>): void
    end(): void
  }
  const client = new Memcached(servers, options)
  const promised = <T>(start: (done: Callback<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      start((error, result) => (error ? reject(error) : resolve(result)))
    })
  return {
    get: (key) => promised((done) => client.get(key, done)),
    set: (key, value) => promised<boolean>((done) => client.set(key, value, 0, done)),
    getMany: async (keys) =>
      Object.keys(await promised<Record<string, string>>((done) => client.getMulti(keys, done)))
        .length,
    close: () => client.end(),
  }
}
