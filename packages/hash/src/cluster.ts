import { type Address, addressName, type Deadline, toError } from '@mc/protocol'
import type { CallTime } from './call-time.ts'
import type { HashClientSettings } from './hash-client-options.ts'
import type { Hasher } from './hasher.ts'
import { Probes } from './probes.ts'
import { Server, type ServerClient } from './server.ts'
import { mayOneMoreDie, ServerHealth } from './server-health.ts'

/** Events of a `HashClient`; servers are told by name. None of them needs a listener. */
export interface HashClientEvents {
  /** A connection to a server failed, which it may still recover from; all calls that it cost are one. */
  failing: [server: string, error: Error]
  /** A server failed too often; `error` is the last failure. */
  dead: [server: string, error: Error]
  /** A dead server answered a probe. */
  alive: [server: string]
  added: [server: string]
  removed: [server: string]
  /** A server has a new client. */
  replaced: [server: string]
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
  readonly #time: CallTime
  readonly #hasher: Hasher
  readonly #announce: Announce
  readonly #servers = new Map<string, Server<V>>()
  readonly #dead = new Set<Server<V>>()
  #lastFailure: Error | undefined
  #lastTime = 0
  /** No server was healthy at the last look. */
  #isOutage = false

  constructor(settings: HashClientSettings, time: CallTime, hasher: Hasher, announce: Announce) {
    this.#settings = settings
    this.#time = time
    this.#hasher = hasher
    this.#announce = announce
  }

  /** In the order in which they were added. */
  get servers(): Server<V>[] {
    return [...this.#servers.values()]
  }

  /** The last failure of any server; `undefined` if none is dead. */
  get lastFailure(): Error | undefined {
    return this.#dead.size === 0 ? undefined : this.#lastFailure
  }

  get isEmpty(): boolean {
    return this.#servers.size === 0
  }

  /** Answers the server's name, or `undefined` if it is there already. */
  add(address: Address, createClient: (address: Address) => ServerClient<V>): string | undefined {
    const name = addressName(address)
    if (this.#servers.has(name)) return undefined
    this.#servers.set(name, this.#newServer(name, createClient(address)))
    this.#hasher.addNode(name)
    return name
  }

  /**
   * Puts a new client in the place of a server's own; the new one is taken for well. Answers the old.
   *
   * @throws RangeError if there is no such server
   */
  replace(address: Address, createClient: (address: Address) => ServerClient<V>): Server<V> {
    const name = addressName(address)
    const server = this.#serverNamed(name)
    this.#servers.set(name, this.#newServer(name, createClient(address)))
    if (this.#dead.delete(server) && this.#settings.failover === 'rehash')
      this.#hasher.addNode(name)
    return server
  }

  /** Its keys go to others from now on. @throws RangeError if there is no such server */
  remove(name: string): Server<V> {
    const server = this.#serverNamed(name)
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

  /** Whether calls have no server to go to, though there are some. */
  get isDown(): boolean {
    return this.#settings.failover === 'rehash' && this.#dead.size === this.#servers.size
  }

  /** Starts the probes of dead servers that are due. Answers them, if there are any. */
  probeDead(): Probes<V> | undefined {
    if (this.#dead.size === 0) return undefined
    this.#lookForOutage()
    const now = this.#settings.now()
    this.#lastTime = now
    const started = new Map<Server<V>, Promise<boolean>>()
    for (const server of this.#dead) {
      if (server.health.takeProbe(now, this.#isOutage)) started.set(server, this.#probe(server))
    }
    return started.size === 0 ? undefined : new Probes(started)
  }

  #lookForOutage(): void {
    const wasOutage = this.#isOutage
    this.#isOutage = !this.#isAnyHealthy()
    if (!wasOutage || this.#isOutage) return
    for (const { health } of this.#dead) health.outageEnded()
  }

  #isAnyHealthy(): boolean {
    for (const { health } of this.#servers.values()) if (health.state === 'healthy') return true
    return false
  }

  /** Lets what is under way finish, then closes all clients, by the deadline. What fails is an event. */
  async retire(deadline: Deadline): Promise<void> {
    await this.#onEach((server) => server.retire(deadline))
  }

  /** Lets all connections go. What fails is an event. */
  async quit(deadline: Deadline): Promise<void> {
    await this.#onEach(({ client }) => deadline.bound(client.quit()))
  }

  async #onEach(work: (server: Server<V>) => Promise<void>): Promise<void> {
    const each = this.servers.map(async (server) => {
      try {
        await work(server)
      } catch (error) {
        this.#announce('error', toError(error), server.name)
      }
    })
    await Promise.all(each)
  }

  #serverNamed(name: string): Server<V> {
    const server = this.#servers.get(name)
    if (server === undefined) throw new RangeError(`no such server: ${name}`)
    return server
  }

  #newServer(name: string, client: ServerClient<V>): Server<V> {
    const { now } = this.#settings
    const health = new ServerHealth(this.#settings)
    const server: Server<V> = new Server<V>(name, client, health, now, (error, round) =>
      this.#countFailure(server, error, round),
    )
    return server
  }

  #countFailure(server: Server<V>, error: Error, round: number): void {
    if (this.#servers.get(server.name) !== server) return
    const { now, random, failover } = this.#settings
    const { health, name } = server
    const { failures } = health
    this.#lastFailure = error
    const mayDie = mayOneMoreDie(this.#dead.size, this.#servers.size, this.#settings)
    const time = this.#read(now, this.#lastTime, server)
    if (!health.failed(error, round, time, mayDie, this.#read(random, 0, server))) {
      if (health.failures > failures) this.#announce('failing', name, error)
      return
    }
    this.#dead.add(server)
    this.#announce('dead', name, error)
    try {
      if (failover === 'rehash') this.#hasher.removeNode(name)
    } catch (hashersError) {
      this.#announce('error', toError(hashersError), name)
    }
  }

  /** Answers whether the server has come to life. */
  async #probe(server: Server<V>): Promise<boolean> {
    try {
      await server.probe(this.#time.forProbe())
    } catch (error) {
      this.#probeFailed(server, error)
      return false
    }
    // Removed in the meantime: there is nothing to come back to.
    if (!this.#dead.has(server)) return false
    try {
      if (this.#settings.failover === 'rehash') this.#hasher.addNode(server.name)
    } catch (error) {
      this.#probeFailed(server, error)
      return false
    }
    this.#dead.delete(server)
    server.health.probeSucceeded()
    this.#announce('alive', server.name)
    return true
  }

  #probeFailed(server: Server<V>, thrown: unknown): void {
    const error = toError(thrown)
    const { now, random } = this.#settings
    const time = this.#read(now, this.#lastTime, server)
    server.health.probeFailed(error, time, this.#read(random, 0, server))
    if (this.#dead.has(server)) this.#announce('error', error, server.name)
  }

  /** A user's hook that throws must not hide a failure, nor leave a rejection that nobody handles. */
  #read(hook: () => number, fallback: number, { name }: Server<V>): number {
    try {
      return hook()
    } catch (error) {
      this.#announce('error', toError(error), name)
      return fallback
    }
  }
}
