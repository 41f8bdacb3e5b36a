import { type Address, addressName, type ServerSpec } from '@mc/protocol'
import { type Deadline, toError } from '@mc/protocol/toolkit'
import type { CallTime } from './call-time.ts'
import type { HashClientSettings } from './hash-client-options.ts'
import type { Hasher } from './hasher.ts'
import { Probes } from './probes.ts'
import { type PreparedClient, Server } from './server.ts'
import { mayOneMoreDie, ServerHealth } from './server-health.ts'

/** Events of a `HashClient`, with the names of servers. None of them needs a listener. */
export interface HashClientEvents {
  /** A connection to a server failed; it may still recover. All calls that fail together are one event. */
  failing: [server: string, error: Error]
  /** A server failed too often; `error` is the last failure. */
  dead: [server: string, error: Error]
  /** A dead server answered a probe. */
  alive: [server: string]
  /** A server was added. */
  added: [server: string]
  /** A server was removed. */
  removed: [server: string]
  /** A server has a new client. */
  replaced: [server: string]
  /** Something failed that no caller waits for, such as a probe, or a write with `noreply`. */
  error: [error: Error, server: string]
}

/** Emits an event to its listeners. */
export type Announce = <E extends keyof HashClientEvents>(
  event: E,
  ...args: HashClientEvents[E]
) => void

/** What to do with servers, all of it at once. */
export interface ServerChanges<S = ServerSpec> {
  /** Servers to add. @default none */
  readonly add?: readonly S[] | undefined
  /** Their clients are made anew; no key moves. */
  readonly replace?: readonly S[] | undefined
  /** Servers to remove. @default none */
  readonly remove?: readonly S[] | undefined
}

/** The servers that came, by name, and those whose clients are left. */
export interface ChangedServers<V> {
  readonly added: readonly string[]
  readonly replaced: readonly Server<V>[]
  readonly removed: readonly Server<V>[]
}

/** The servers of a `HashClient`: which there are, which are dead, and which owns a key. */
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

  /**
   * Puts all of the changes in force or, when a client cannot be made or the hasher throws, none of them.
   * Servers to add that are there already are left as they are.
   *
   * @throws RangeError if a server to replace or remove is not there
   */
  change(
    { add = [], replace = [], remove = [] }: ServerChanges<Address>,
    prepareClient: (address: Address) => PreparedClient<V>,
  ): ChangedServers<V> {
    const fresh = add.filter((address) => !this.#servers.has(addressName(address)))
    const replaced = replace.map((address) => this.#serverNamed(addressName(address)))
    const removed = remove.map((address) => this.#serverNamed(addressName(address)))
    const made = new Map<string, Server<V>>()
    const undo: (() => void)[] = []
    try {
      for (const address of [...fresh, ...replace]) {
        const name = addressName(address)
        if (!made.has(name)) made.set(name, this.#newServer(name, prepareClient(address)))
      }
      for (const name of made.keys()) {
        if (this.#isHashed(this.#servers.get(name))) continue
        undo.push(() => this.#hasher.removeNode(name))
        this.#hasher.addNode(name)
      }
      for (const server of removed) {
        if (!this.#isHashed(server)) continue
        undo.push(() => this.#hasher.addNode(server.name))
        this.#hasher.removeNode(server.name)
      }
    } catch (error) {
      for (const step of undo.reverse()) attempt(step)
      for (const server of made.values()) attempt(() => server.retire(this.#time.toClose()))
      throw error
    }
    for (const server of [...replaced, ...removed]) this.#dead.delete(server)
    for (const { name } of removed) this.#servers.delete(name)
    const added = [...made.keys()].filter((name) => !this.#servers.has(name))
    for (const [name, server] of made) this.#servers.set(name, server)
    return { added, replaced, removed }
  }

  /** Whether keys go to the server. */
  #isHashed(server: Server<V> | undefined): boolean {
    if (server === undefined) return false
    return this.#settings.failover === 'none' || !this.#dead.has(server)
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

  /** Lets calls in flight finish, then closes all clients, by the deadline. Failures are events. */
  async retire(deadline: Deadline): Promise<void> {
    await this.#onEach((server) => server.retire(deadline))
  }

  /** Lets all connections go. What fails is an event. */
  async quit(deadline: Deadline): Promise<void> {
    await this.#onEach((server) => server.quit(deadline))
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

  #newServer(name: string, client: PreparedClient<V>): Server<V> {
    const server: Server<V> = new Server<V>({
      name,
      client,
      health: new ServerHealth(this.#settings),
      now: this.#settings.now,
      onFailure: (error, round) => this.#countFailure(server, error, round),
    })
    return server
  }

  #countFailure(server: Server<V>, error: Error, round: number): void {
    if (this.#servers.get(server.name) !== server) return
    const { now, random, failover } = this.#settings
    const { health, name } = server
    const { failures } = health
    this.#lastFailure = error
    const mayDie = mayOneMoreDie(this.#dead.size, this.#servers.size, this.#settings)
    const facts = {
      round,
      mayDie,
      now: this.#read(now, this.#lastTime, server),
      random: this.#read(random, 0, server),
    }
    if (!health.failed(error, facts)) {
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

/** Undoes what it can: the error that made it necessary is the one to throw. */
async function attempt(step: () => unknown): Promise<void> {
  try {
    await step()
  } catch {
    // See above.
  }
}
