import { createServer, type Server, type Socket } from 'node:net'
import { type Address, parseAddress, type ServerSpec } from '@mc/protocol'
import { type Clock, systemClock } from './clock.ts'
import { type FaultCounts, FaultPlan } from './fault-plan.ts'
import type { InjectedFault } from './injected-fault.ts'
import { Link } from './link.ts'
import type { NetworkFault } from './network-fault.ts'
import { seededRandom } from './seeded-random.ts'

/** Options of a `FaultProxy`. */
export interface FaultProxyOptions {
  /** For all that happens by chance: the same seed, the same faults. @default 1 */
  readonly seed?: number | undefined
  /** What delays and times are measured with. @default the machine's clock */
  readonly clock?: Clock | undefined
}

/**
 * A network between a client and a server that fails on demand. Bytes pass as they are and in their
 * order until a fault is injected, over TLS as well.
 *
 * ```ts
 * const proxy = await FaultProxy.start(server.name)
 * const client = new Client(proxy.name)
 * await client.version() // or the replies lost are those by which the client finds out the dialect
 * proxy.inject({ kind: 'drop', times: 2 })
 * ```
 */
export class FaultProxy implements AsyncDisposable {
  /** TCP port on 127.0.0.1. */
  readonly port: number
  readonly #server: Server
  readonly #address: Address
  readonly #plan: FaultPlan
  readonly #links = new Set<Link>()
  #stopped: Promise<void> | undefined

  /**
   * Starts a proxy before a server, which need not run yet.
   *
   * @throws MemcacheIllegalInputError for what names no server
   * @throws RangeError for a seed that is no integer
   */
  static async start(server: ServerSpec, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const address = parseAddress(server)
    const { seed = 1, clock = systemClock } = options
    const plan = new FaultPlan(clock, seededRandom(seed))
    // Half-open, so that the end of one direction is not the end of the other.
    const listener = createServer({ allowHalfOpen: true, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    return new FaultProxy(listener, address, plan)
  }

  private constructor(server: Server, address: Address, plan: FaultPlan) {
    this.#server = server
    this.#address = address
    this.#plan = plan
    this.port = (server.address() as { port: number }).port
    server.on('connection', (client: Socket) => this.#accept(client))
  }

  /** `127.0.0.1:port`: what a client takes as its server. */
  get name(): string {
    return `127.0.0.1:${this.port}`
  }

  /** What has been seen since the start, and how often each kind of fault has happened. */
  get counts(): FaultCounts {
    return { ...this.#plan.counts }
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size
  }

  /**
   * Sets a fault to work. Faults that meet the same message happen in the order of their places in it,
   * and at the same place in the order they were injected. What passes by TLS cannot be read: a fault
   * that counts commands, replies or values is refused there, and removed when TLS comes later.
   *
   * @throws TypeError or RangeError for what is no fault, or cannot happen
   */
  inject(fault: NetworkFault): InjectedFault {
    return this.#plan.inject(fault)
  }

  /** Removes all faults. What was broken stays broken. */
  clear(): void {
    this.#plan.clear()
  }

  /** Resets all connections that are open now, idle ones included. */
  resetConnections(): void {
    for (const link of this.#links) link.reset()
  }

  /** Removes all faults, closes all connections and stops listening: clients are refused from now on. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const link of this.#links) link.close()
      this.clear()
    })
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #accept(client: Socket): void {
    this.#plan.counts.connections++
    if (this.#plan.refuses()) {
      client.on('error', () => undefined).resetAndDestroy()
      return
    }
    const link = new Link(client, this.#address, this.#plan, () => this.#links.delete(link))
    this.#links.add(link)
  }
}
