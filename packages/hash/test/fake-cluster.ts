import { addressName, type ServerSpec } from '@mc/protocol'
import { HashClient, type HashClientOptions, RendezvousHash } from '../src/index.ts'
import { FakeServer } from './fake-server.ts'

/** A `HashClient` over fake servers, on a clock that stands still until it is set. */
export class FakeCluster {
  readonly client: HashClient
  readonly servers = new Map<string, FakeServer>()
  readonly events: unknown[][] = []
  /** Milliseconds. */
  time = 0

  constructor(servers: readonly ServerSpec[], options: HashClientOptions = {}) {
    this.client = new HashClient(servers, {
      now: () => this.time,
      random: () => 0,
      createClient: (address) => {
        const server = new FakeServer()
        this.servers.set(addressName(address), server)
        return server
      },
      ...options,
    })
    for (const event of ['dead', 'alive', 'added', 'removed', 'replaced'] as const) {
      this.client.on(event, (server: string) => this.events.push([event, server]))
    }
  }

  server(name: string): FakeServer {
    const server = this.servers.get(name)
    if (server === undefined) throw new Error(`no server ${name} was made`)
    return server
  }

  /** Names of the servers where a key is stored. */
  homesOf(key: string): string[] {
    return [...this.servers].filter(([, { items }]) => items.has(key)).map(([name]) => name)
  }

  /** Lets calls fail, one each second, until the server is dead. */
  async kill(name: string): Promise<void> {
    const server = this.server(name)
    server.refuse()
    const key = this.keyOn(name)
    for (;;) {
      await this.client.get(key).catch(() => {})
      if (this.statusOf(name).state === 'dead') break
      this.time += 1000
    }
    server.log.length = 0
  }

  statusOf(name: string): HashClient['servers'][number] {
    const status = this.client.servers.find((server) => server.name === name)
    if (status === undefined) throw new Error(`no server ${name}`)
    return status
  }

  /** A key that lives on this server while all are well. */
  keyOn(name: string): string {
    return this.keysOn(name, 1)[0]!
  }

  keysOn(name: string, count: number): string[] {
    const hasher = new RendezvousHash({ nodes: this.servers.keys() })
    const keys = Array.from({ length: 1000 }, (_, i) => `key${i}`)
    return keys.filter((key) => hasher.getNode(key) === name).slice(0, count)
  }
}
