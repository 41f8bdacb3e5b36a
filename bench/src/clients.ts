import { createRequire } from 'node:module'
import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'

const require = createRequire(import.meta.url)

/** What every client under test is made to look like; values are strings. */
export interface Subject {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<unknown>
  getMany?(keys: readonly string[]): Promise<number>
  setMany?(entries: Readonly<Record<string, string>>): Promise<unknown>
  close(): unknown
}

type Opener = (servers: readonly string[]) => Subject | Promise<Subject>

function ours(client: Client | HashClient | PooledClient): Subject {
  return {
    get: (key) => client.get<string>(key),
    set: (key, value) => client.set(key, value),
    getMany: async (keys) => (await client.getMany(keys)).size,
    setMany: (entries) => client.setMany(entries),
    close: () => client.close(),
  }
}

/** Every client at its defaults, with nothing set but its servers. */
export const CLIENTS: Readonly<Record<string, Opener>> = {
  mc: ([server = '']) => ours(new Client(server)),
  'mc (text)': ([server = '']) => ours(new Client(server, { dialect: 'text' })),
  'mc hash': (servers) => ours(new HashClient(servers)),
  'mc pool': ([server = '']) => ours(new PooledClient(server, { maxPoolSize: 8 })),

  async memcache(servers) {
    const { default: Memcache } = (await import('memcache')) as unknown as {
      default: new (
        options: object,
      ) => {
        connect(): Promise<void>
        get(key: string): Promise<string | undefined>
        gets(keys: readonly string[]): Promise<Map<string, string>>
        set(key: string, value: string): Promise<boolean>
        disconnect(): Promise<void>
      }
    }
    const client = new Memcache({ nodes: servers })
    await client.connect()
    return {
      get: (key) => client.get(key),
      set: (key, value) => client.set(key, value),
      getMany: async (keys) => (await client.gets(keys)).size,
      close: () => client.disconnect(),
    }
  },

  'memcache-client'([server = '']) {
    const { MemcacheClient } = require('memcache-client') as {
      MemcacheClient: new (
        options: object,
      ) => {
        get(key: string): Promise<{ value: string } | undefined>
        get(keys: readonly string[]): Promise<Record<string, unknown>>
        set(key: string, value: string): Promise<unknown>
        shutdown(): void
      }
    }
    const client = new MemcacheClient({ server })
    return {
      get: async (key) => (await client.get(key))?.value,
      set: (key, value) => client.set(key, value),
      getMany: async (keys) => Object.keys(await client.get(keys)).length,
      close: () => client.shutdown(),
    }
  },

  memjs(servers) {
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
      set: (key, value) => client.set(key, value, {}),
      close: () => client.quit(),
    }
  },

  memcached: (servers) => npmMemcached(servers, {}),
  'memcached (poolSize 8)': (servers) => npmMemcached(servers, { poolSize: 8 }),
}

type Callback<T> = (error: Error | undefined, result: T) => void

function npmMemcached(servers: readonly string[], options: object): Subject {
  const Memcached = require('memcached') as new (
    servers: readonly string[],
    options: object,
  ) => {
    get(key: string, done: Callback<string | undefined>): void
    getMulti(keys: readonly string[], done: Callback<Record<string, string>>): void
    set(key: string, value: string, lifetime: number, done: Callback<boolean>): void
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
