import { Client, type ClientOptions } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { PEERS } from './peers.ts'
import { STORES } from './stores.ts'

/** What every client under test is made to look like. */
export interface Subject {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<unknown>
  getMany?(keys: readonly string[]): Promise<number>
  setMany?(entries: Readonly<Record<string, string>>): Promise<unknown>
  deleteMany?(keys: readonly string[]): Promise<unknown>
  close(): unknown
}

/** Where a client is to go. */
export interface Setting {
  readonly servers: readonly string[]
  /** A redis-server, for clients of that. */
  readonly redis: string
  /** The certificate of the servers, where they speak TLS. */
  readonly ca: string | undefined
}

export type Opener = (setting: Setting) => Subject | Promise<Subject>

function ours(client: Client | HashClient | PooledClient): Subject {
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value as string),
    getMany: async (keys) => (await client.getMany(keys)).size,
    setMany: (entries) => client.setMany(entries),
    deleteMany: (keys) => client.deleteMany(keys),
    close: () => client.close(),
  }
}

function tls({ ca }: Setting): ClientOptions {
  return ca === undefined ? {} : { tls: { ca } }
}

const one = ({ servers: [server = ''] }: Setting): string => server

/** So many clients of one server that take turns. */
export function several(count: number): Opener {
  return (setting) => {
    const clients = Array.from({ length: count }, () => ours(new Client(one(setting))))
    let turn = 0
    const next = (): Subject => clients[turn++ % count] as Subject
    return {
      get: (key) => next().get(key),
      set: (key, value) => next().set(key, value),
      close: () => Promise.all(clients.map((client) => client.close())),
    }
  }
}

/** Every client at its defaults, with nothing set but its servers. */
export const CLIENTS: Readonly<Record<string, Opener>> = {
  mc: (setting) => ours(new Client(one(setting), tls(setting))),
  'mc (text)': (setting) => ours(new Client(one(setting), { ...tls(setting), dialect: 'text' })),
  'mc hash': (setting) => ours(new HashClient(setting.servers, tls(setting))),
  'mc without limits': (setting) =>
    ours(new Client(one(setting), { maxInFlight: 1_000_000, timeout: 60_000 })),
  'mc pool': (setting) => ours(new PooledClient(one(setting), { maxPoolSize: 8 })),
  ...PEERS,
  ...STORES,
}
