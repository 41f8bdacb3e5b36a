import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { addressName, type ItemKey, type Serde } from '@mc/protocol'
import type { FleetOptions } from './connection-options.ts'
import { decodingSerde } from './decoded-value.ts'
import { HASHERS, type HasherName } from './hashers.ts'

/** The servers of a command line: together as the application sees them, and each by itself. */
export class Fleet implements AsyncDisposable {
  /** Places keys as the application does. */
  readonly cache: HashClient<unknown>
  readonly servers: readonly string[]
  /** The name of the hasher. */
  readonly hash: HasherName
  readonly #prefix: string
  readonly #clients = new Map<string, Client<unknown>>()

  /** @param values - in place of the serde of the options, whose values are `DecodedValue`s */
  constructor({ servers, hash, serde, client }: FleetOptions, values?: Serde<unknown>) {
    const clientOptions = { ...client, serde: values ?? decodingSerde(serde) }
    this.servers = servers
    this.hash = hash
    this.#prefix = String(client.keyPrefix ?? '')
    for (const server of servers) {
      this.#clients.set(server, new Client(server, clientOptions))
    }
    this.cache = new HashClient(servers, {
      hasher: HASHERS[hash](),
      // A dead server's keys are where the application looks for them.
      failover: 'none',
      retryAttempts: 0,
      createClient: (address) => this.client(addressName(address)),
    })
  }

  /** @throws RangeError unless it is a server of the fleet */
  client(server: string): Client<unknown> {
    const client = this.#clients.get(server)
    if (client === undefined) throw new RangeError(`no such server: ${server}`)
    return client
  }

  /** The client of the server that owns a key. */
  clientOf(key: ItemKey): Client<unknown> {
    return this.client(this.serverOf(key))
  }

  /** A key of a server as the application names it. */
  withoutPrefix(key: string): string {
    return key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : key
  }

  /** The server that owns a key, which has no prefix. */
  serverOf(key: ItemKey): string {
    return this.cache.serverFor(key) as string
  }

  /** Waits for no answer. */
  destroy(): void {
    for (const client of this.#clients.values()) client.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cache.close()
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
  }
}
