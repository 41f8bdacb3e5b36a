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

/** The clients that open connections; all others wrap one of them. They take pairs, as `HashClient` does. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    name: 'Client',
    connections: 1,
    create: (server, options) => new Client(server, takingPairs(options)),
  },
  {
    name: 'HashClient',
    connections: 1,
    create: (server, options) => new HashClient([server], options),
  },
  {
    name: 'PooledClient',
    connections: 8,
    create: (server, options) => new PooledClient(server, takingPairs(options)),
  },
]

/** Tests give options that are no object as well. */
function takingPairs(options: ClientOptions | undefined): ClientOptions {
  const isObject = typeof options === 'object' && options !== null
  return isObject || options === undefined ? { routingKeys: true, ...options } : options
}
