import { Client, type ClientOptions, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient, ServerCommands } from '@mc/protocol'
import { clientContract, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const runner = { describe, test: test as never }
const [tcp] = TRANSPORTS
const options: ClientOptions = { timeout: 10_000, connectTimeout: 10_000 }
const prefixed: ClientOptions = { ...options, keyPrefix: 'p:' }

/** A key of 250 bytes has no room for a prefix. */
const PREFIXED = {
  'keys of 250 bytes, and bytes of 0x80 and above, are legal': 'the prefix counts towards the 250',
}

/** Values are checked by the client of the key's server, when others have been sent to. */
const SPREAD = {
  'one illegal key or value fails a many-key call before anything is sent':
    'the pairs go to several servers, each of which checks its own',
}

type Create = (names: readonly string[]) => MemcacheClient
type CreateForOne = (names: readonly string[]) => MemcacheClient & ServerCommands

const pooled = (name: string) =>
  new PooledClient(name, { ...options, maxPoolSize: 4, acquireTimeout: 10_000 })
const hashed = (names: readonly string[]) => new HashClient(names, options)
const first = ([name = '']: readonly string[]): string => name

const SINGLE: Readonly<Record<string, CreateForOne>> = {
  PooledClient: (names) => pooled(first(names)),
  'retrying over Client': (names) => retrying(new Client(first(names), options)),
  'retrying over PooledClient': (names) => retrying(pooled(first(names))),
}

const MANY: Readonly<Record<string, { create: Create; exceptions?: Record<string, string> }>> = {
  'HashClient over one server': { create: (names) => hashed(names.slice(0, 1)) },
  'HashClient over three servers': { create: hashed, exceptions: SPREAD },
  'Client with a prefix': {
    create: (names) => new Client(first(names), prefixed),
    exceptions: PREFIXED,
  },
  'PooledClient with a prefix': {
    create: (names) =>
      new PooledClient(first(names), { ...prefixed, maxPoolSize: 4, acquireTimeout: 10_000 }),
    exceptions: PREFIXED,
  },
  'HashClient with a prefix': {
    create: (names) => new HashClient(names, prefixed),
    exceptions: { ...SPREAD, ...PREFIXED },
  },
  'HashClient over PooledClients': {
    create: (names) =>
      new HashClient(names, {
        createClient: (server) =>
          new PooledClient(server, { ...options, maxPoolSize: 4, acquireTimeout: 10_000 }),
      }),
    exceptions: SPREAD,
  },
  'retrying over HashClient': {
    create: (names) => retrying(hashed(names)),
    exceptions: SPREAD,
  },
  'FallbackClient over two Clients': {
    create: ([newest = '', oldest = '']) =>
      new FallbackClient([new Client(newest, options), new Client(oldest, options)]),
  },
  'FallbackClient that warms': {
    create: ([newest = '', oldest = '']) =>
      new FallbackClient([new Client(newest, options), new Client(oldest, options)], {
        warm: { expire: 60 },
      }),
  },
  'FallbackClient over a pool and a retrying': {
    create: ([newest = '', oldest = '']) =>
      new FallbackClient([pooled(newest), retrying(new Client(oldest, options))]),
  },
}

/** Quick runs try a quarter of the compositions, each on one kind of server: which ones, the seed says. */
function wanted<T>(compositions: Readonly<Record<string, T>>, kind: number): [string, T][] {
  return Object.entries(compositions).filter((_, i) => isTurn(i + 4 * kind, 8))
}

for (const [k, kind] of KINDS.entries()) {
  const { tags } = needsOf(kind)
  describe(`on ${kind} memcached`, { tags: [...tags, 'long'] }, () => {
    let servers: RunningServer[]
    beforeAll(async () => {
      if (tcp === undefined) throw new Error('no transport')
      servers = await Promise.all([1, 2, 3].map(() => startServer(kind, tcp)))
    })
    afterAll(() => Promise.all(servers.map((server) => server.stop())))
    const names = () => servers.map(({ name }) => name)

    for (const [name, create] of wanted(SINGLE, k)) {
      clientContract({ name, create: () => create(names()) }, runner)
      serverCommandsContract({ name, create: () => create(names()) }, runner)
    }
    for (const [name, { create, exceptions = {} }] of wanted(MANY, k)) {
      clientContract({ name, create: () => create(names()), exceptions }, runner)
    }
  })
}
