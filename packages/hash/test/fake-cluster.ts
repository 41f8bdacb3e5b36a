import { addressName } from '@mc/protocol'
import { HashClient, type HashClientOptions } from '../src/index.ts'
import { FakeServer } from './fake-server.ts'

/** A `HashClient` over fake servers, on a clock that stands still until it is set. */
export class FakeCluster {
  readonly client: HashClient
  readonly servers = new Map<string, FakeServer>()
  readonly events: unknown[][] = []
  /** Milliseconds. */
  time = 0

  constructor(names: readonly string[], options: HashClientOptions = {}) {
    this.client = new HashClient(names, {
      now: () => this.time,
      random: () => 0,
      createClient: (address) => {
        const server = new FakeServer()
        this.servers.set(addressName(address), server)
        return server
      },
      ...options,
    })
    for (const event of ['dead', 'alive', 'added', 'removed'] as const) {
      this.client.on(event, (server: string) => this.events.push([event, server]))
    }
  }

  server(name: string): FakeServer {
    const server = this.servers.get(name)
    if (server === undefined) throw new Error(`no server ${name} was made`)
    return server
  }

  /** Name of the server where a stored key is. */
  homeOf(key: string): string | undefined {
    for (const [name, { items }] of this.servers) if (items.has(key)) return name
    return undefined
  }

  /** Lets calls fail until the server is dead; takes `retryAttempts` seconds. */
  async kill(name: string): Promise<void> {
    const server = this.server(name)
    server.refuse()
    const key = this.keyOn(name)
    while (this.statusOf(name).state !== 'dead') {
      await this.client.get(key).catch(() => {})
      this.time += 1000
    }
  }

  statusOf(name: string): HashClient['servers'][number] {
    const status = this.client.servers.find((server) => server.name === name)
    if (status === undefined) throw new Error(`no server ${name}`)
    return status
  }

  /** Some key whose calls go to this server now. */
  keyOn(name: string): string {
    const before = this.server(name).calls.length
    for (let i = 0; i < 1000; i++) {
      void this.client.get(`probe${i}`).catch(() => {})
      if (this.server(name).calls.length > before) return `probe${i}`
    }
    throw new Error(`no key goes to ${name}`)
  }
}
