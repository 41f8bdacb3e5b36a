import { Client, checkClientOptions } from '@mc/client'
import type { Address } from '@mc/protocol'
import { type HashClientOptions, serverClientOptions } from './hash-client-options.ts'
import type { ServerClient } from './server.ts'

/**
 * Makes the client of a server at its first command, but throws for invalid options now.
 *
 * @throws MemcacheIllegalInputError, TypeError or RangeError
 */
export function prepareDefaultClient<V>(
  server: Address,
  options: HashClientOptions<V>,
  onError: (error: Error, server: string) => void,
): () => ServerClient<V> {
  const own = serverClientOptions(options)
  checkClientOptions(own, server)
  return () => {
    const client = new Client<V>(server, own)
    client.on('error', (error) => onError(error, client.server))
    return client
  }
}
