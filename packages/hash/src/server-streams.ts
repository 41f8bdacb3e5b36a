import type { Client } from '@mc/client'
import { MemcacheUnsupportedError } from '@mc/protocol'
import type { Server, ServerClient } from './server.ts'

/** Streams of the clients of several servers, by the servers' names. */
export function streamsOf<V, T>(
  servers: readonly Server<V>[],
  method: keyof Pick<Client, 'metadump' | 'watch'>,
  open: (client: ServerClient<V>) => T | undefined,
): Map<string, T> {
  return new Map(
    servers.map((server) => {
      const stream = open(server.client)
      if (stream !== undefined) return [server.name, stream]
      const place = { server: server.name, command: method, written: false }
      throw new MemcacheUnsupportedError('the client of this server has no streams', place)
    }),
  )
}
