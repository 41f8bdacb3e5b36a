import { Client, type ClientOptions } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient } from '@mc/protocol'

/** A client of one server, by any class that has a connection of its own making. */
export interface ClientKind {
  readonly name: string
  /** Connections that it opens to one server, at most. */
  readonly connections: number
  create(server: string, options?: ClientOptions): MemcacheClient
}

/** The clients that open connections; all others wrap one of them. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    name: 'Client',
    connections: 1,
    create: (server, options) => new Client(server, options),
  },
  {
    name: 'HashClient',
    connections: 1,
    create: (server, options) => new HashClient([server], options),
  },
  {
    name: 'PooledClient',
    connections: 8,
    create: (server, options) => new PooledClient(server, options),
  },
]
