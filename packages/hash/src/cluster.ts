import { type Address, addressName } from '@mc/protocol'
import type { HashClientSettings } from './hash-client-options.ts'
import type { Hasher } from './hasher.ts'
import { Server, type ServerClient } from './server.ts'
import { mayOneMoreDie, ServerHealth } from './server-health.ts'

/** Events of a `HashClient`; servers are told by name. None of them needs a listener. */
export interface HashClientEvents {
  /** A server failed too often; `error` is the last failure. */
  dead: [server: string, error: Error]
  /** A dead server answered a probe. */
  alive: [server: string]
  added: [server: string]
  removed: [server: string]
  /** Something failed that no caller waits for, such as a probe, or a write with `noreply`. */
  error: [error: Error, server: string]
}

/** Tells an event to whoever listens. */
export type Announce = <E extends keyof HashClientEvents>(
  event: E,
  ...args: HashClientEvents[E]
) => void

/** The servers of a `HashClient`: who is there, who is dead, and whose turn a key is. */
export class Cluster<V> {
  readonly #settings: HashClientSettings
  readonly #hasher: Hasher
  readonly #announce: Announce
  readonly #servers = new Map<string, Server<V>>()
  readonly #dead = new Set<Server<V>>()

  constructor(settings: HashClientSettings, hasher: Hasher, announce: Announce) {
    this.#settings = settings
    this.#hasher = hasher
    this.#announce = announce
  }

  /** In the order in which they were added. */
  get servers(): Server<V>[] {
    return [...this.#servers.values()]
  }

  /** Answers the server's name, or `undefined` if it is there already. */
  add(address: Address, createClient: (address: Address) => ServerClient<V>): string | undefined {
    const name = addressName(address)
    if (this.#servers.has(name)) return undefined
    const server = new Server<V>(
      name,
      createClient(address),
      new ServerHealth(this.#settings),
      this.#settings.now,
      (error, round) => this.#countFailure(server, error, round),
    )
    this.#servers.set(name, server)
    this.#hasher.addNode(name)
    return name
  }

  /** Its keys go to others from now on. @throws RangeError if there is no such server */
  remove(name: string): Server<V> {
    const server = this.#servers.get(name)
    if (server === undefined) throw new RangeError(`no such server: ${name}`)
    this.#servers.delete(name)
    const hasLeftHasher = this.#dead.delete(server) && this.#settings.failover === 'rehash'
    if (!hasLeftHasher) this.#hasher.removeNode(name)
    return server
  }

  /** `undefined` if no server is left. */
  serverFor(text: string): Server<V> | undefined {
    const node = this.#hasher.getNode(text)
    return node === undefined ? undefined : this.#servers.get(node)
  }

  /** Starts the probes of dead servers that are due, and does not wait for them. */
  probeDead(): void {
    if (this.#dead.size === 0) return
    const now = this.#settings.now()
    for (const server of this.#dead) if (server.health.takeProbe(now)) void this.#probe(server)
  }

  #countFailure(server: Server<V>, error: Error, round: number): void {
    if (this.#servers.get(server.name) !== server) return
    const { now, random, failover } = this.#settings
    const mayDie = mayOneMoreDie(this.#dead.size, this.#servers.size, this.#settings)
    if (!server.health.failed(error, round, now(), mayDie, random())) return
    this.#dead.add(server)
    if (failover === 'rehash') this.#hasher.removeNode(server.name)
    this.#announce('dead', server.name, error)
  }

  async #probe(server: Server<V>): Promise<void> {
    const { now, random, failover } = this.#settings
    try {
      await server.probe()
    } catch (error) {
      server.health.probeFailed(error as Error, now(), random())
      if (this.#dead.has(server)) this.#announce('error', error as Error, server.name)
      return
    }
    server.health.probeSucceeded()
    // Removed in the meantime: there is nothing to come back to.
    if (!this.#dead.delete(server)) return
    if (failover === 'rehash') this.#hasher.addNode(server.name)
    this.#announce('alive', server.name)
  }
}
