import type { Client, NativeValue } from '@mc/client'
import {
  type CommandOptions,
  type FillOptions,
  type Key,
  KeyEncoder,
  type Lease,
  type Leased,
  type LeaseOptions,
  METHODS,
  type MethodTraits,
  parseAddress,
  ServerForwardingClient,
  type ServerSpec,
} from '@mc/protocol'
import {
  captureCalls,
  checkCallOptions,
  checkEventNames,
  Deadline,
  Ignoring,
  partOf,
  serverNameOf,
  showAs,
  traceMethods,
} from '@mc/protocol/toolkit'
import type { AcquireOptions } from './borrower.ts'
import { Connections } from './connections.ts'
import { LeaseHolders } from './lease-holders.ts'
import { inside, ObjectPool } from './object-pool.ts'
import {
  type PoolableClient,
  type PooledClientEvents,
  type PooledClientOptions,
  pooledClientSettings,
} from './pooled-client-options.ts'

/** Clients settle their own calls in time. One whose hooks hang does not: its call ends so many milliseconds later. */
const GRACE = 20

/** What is left to a call, in milliseconds, that got its client so late only as the process stood still. */
const MIN_LEFT = 10

/**
 * A client of one server over several connections. Each call has a client, and so a connection, for
 * itself: a large value or a slow command holds up nobody else. For speed it is not needed, as one
 * `Client` sends all its calls over one connection without waiting for replies.
 *
 * Calls of one pool go over different connections, so a `get` may overtake a `set` that was called before
 * it. Await the first call, or run both in `use`, where there is an order to keep.
 *
 * A call that finds all clients lent waits up to `acquireTimeout`, then rejects with
 * `MemcacheOverloadError`. Its `timeout` is for the whole call: the wait for a client, connecting, and the
 * command. A client whose call failed on the connection is destroyed, but not one that is still connecting
 * when a call runs out of time: it is there for the next call. After a failed attempt to connect, no new
 * client is made until `reconnectDelay` is over.
 *
 * With `ignoreExc` an exhausted pool counts as a failure like any other.
 *
 * @typeParam V - the values that the clients take and give
 * @typeParam C - the clients in the pool
 */
export class PooledClient<
  V = NativeValue,
  C extends PoolableClient<V> = Client<V>,
> extends ServerForwardingClient<V, C, PooledClientEvents<C>> {
  static {
    showAs(PooledClient, ({ server, size, inUse, waiting, lastError }) => ({
      ...{ server, size, inUse, waiting },
      ...(lastError !== undefined && { lastError }),
    }))
    traceMethods(PooledClient.prototype)
    checkEventNames<PooledClientEvents<unknown>>(PooledClient, {
      ...{ create: true, destroy: true, error: true },
    })
  }

  /** The server's name: `host:port` or the path of a socket. */
  readonly server: string
  readonly maxKeyLength: number

  readonly #pool: ObjectPool<C>
  readonly #connections: Connections<V, C>
  /** Whether its clients settle their calls in time: a `Client` does, one made by `createClient` may not. */
  readonly #areTimely: boolean
  readonly #leases = new LeaseHolders<C>()
  readonly #minPoolSize: number
  readonly #timeout: number
  readonly #acquireTimeout: number
  readonly #ignoring: Ignoring | undefined

  /**
   * @param server - as for `Client`
   * @throws MemcacheIllegalInputError for an address, TypeError or RangeError for an invalid option
   */
  constructor(server: ServerSpec, options: PooledClientOptions<V, C> = {}) {
    super()
    const address = parseAddress(server)
    const { createClient, clientOptions, limits, ...settings } = pooledClientSettings(
      options,
      address,
    )
    this.#areTimely = options.createClient === undefined
    this.server = serverNameOf(address, options.serverName)
    this.maxKeyLength = new KeyEncoder({
      prefix: clientOptions.keyPrefix,
      allowUnicode: clientOptions.allowUnicodeKeys,
      hash: clientOptions.hashKeys,
      binary: clientOptions.binaryKeys,
    }).maxKeyLength
    this.#minPoolSize = limits.minSize
    this.#timeout = settings.timeout
    // A server that closes the connection when asked for its dialect is connected to twice.
    const limit = 2 * settings.connectTimeout + GRACE
    this.#connections = new Connections(this.server, options.reconnectDelay, limit)
    this.#acquireTimeout = limits.acquireTimeout
    this.#ignoring = settings.ignoreExc ? new Ignoring() : undefined
    if (settings.captureStack) captureCalls(this)
    this.#pool = new ObjectPool<C>({
      ...limits,
      create: () => this.#create(() => createClient(server, clientOptions)),
      destroy: (client) => this.#connections.close(client, this.#timeout + GRACE),
      name: this.server,
    })
    this.#pool.on('create', (client) => this.emit('create', client))
    this.#pool.on('destroy', (client) => {
      this.#leases.left(client)
      this.emit('destroy', client)
    })
    this.#pool.on('error', this.#report)
  }

  /** Clients that exist. Never more than `maxPoolSize`. */
  get size(): number {
    return this.#pool.size
  }

  /** Clients that are lent to a call. */
  get inUse(): number {
    return this.#pool.used
  }

  /** Calls that wait for a client. */
  get waiting(): number {
    return this.#pool.waiting
  }

  /** The last error that `ignoreExc` covered; `undefined` without `ignoreExc`, or if there was none. */
  get lastError(): Error | undefined {
    return this.#ignoring?.lastError
  }

  /** Connects `minPoolSize` clients, and at least one. @throws MemcacheConnectError, MemcacheClosedError */
  async connect(): Promise<void> {
    const clients = Array.from({ length: Math.max(1, this.#minPoolSize) }, () =>
      this.use((client) => this.#connections.connect(client)),
    )
    await Promise.all(clients)
  }

  /**
   * Lends a client for a sequence of calls, which one connection carries in their order: nobody else uses
   * it until `fn` settles. If `fn` fails on the connection, the client is destroyed.
   *
   * @throws as `ObjectPool.get`, and whatever `fn` throws
   */
  use<R>(fn: (client: C) => R | Promise<R>, options?: AcquireOptions): Promise<R> {
    return this.#lend(undefined, options, fn, false)
  }

  /** @param idle - a client that is lent already; without one the call borrows one */
  async #lend<R>(
    idle: C | undefined,
    options: AcquireOptions | undefined,
    fn: (client: C) => R | Promise<R>,
    isRead: boolean,
  ): Promise<R> {
    const client = idle ?? (await this.#pool.get(options))
    let result: R
    try {
      result = await fn(client)
    } catch (error) {
      this.#connections.failed(client, error, isRead)
      if (this.#connections.isBroken(client)) this.#pool.destroy(client)
      else this.#pool.release(client)
      throw error
    }
    this.#connections.succeeded(client)
    this.#pool.release(client)
    return result
  }

  /** Closes the idle clients now, and those that are lent when their calls are done; later calls make new ones. */
  quit(): Promise<void> {
    return this.#pool.clear()
  }

  /**
   * Takes no more calls; resolves when those in flight, waiting ones included, are done, or when
   * `drainTimeout` is over.
   */
  drain(): Promise<void> {
    return this.#pool.drain()
  }

  /** Drains the pool, then closes its clients. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  #create(create: () => C): C {
    this.#connections.assertAllowed()
    const client = create()
    const { on } = client as { on?: unknown }
    if (typeof on === 'function') on.call(client, 'error', this.#report)
    return client
  }

  readonly #report = (error: unknown): void => {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }

  override lease<T = V>(key: Key, options: LeaseOptions): Promise<Leased<T>> {
    return this.forward(METHODS.lease, key, options, async (client, own) => {
      const leased = await client.lease<T>(key, own ?? options)
      this.#leases.took(leased, client)
      return leased
    })
  }

  override fill(
    lease: Lease,
    value: NoInfer<V> | undefined,
    options?: FillOptions,
  ): Promise<boolean | undefined> {
    return this.#onHolder(lease, METHODS.fill, options, (client, own) =>
      client.fill(lease, value, own),
    )
  }

  override release(lease: Lease, options?: CommandOptions): Promise<boolean | undefined> {
    return this.#onHolder(lease, METHODS.release, options, (client, own) =>
      client.release(lease, own),
    )
  }

  /** On the connection of the lease where it has to be, even if another call has that client. */
  async #onHolder<R, O extends CommandOptions>(
    lease: Lease,
    method: MethodTraits,
    options: O | undefined,
    call: (client: C, options: O | undefined) => Promise<R>,
  ): Promise<R> {
    const holder = this.#leases.holderOf(lease)
    if (holder === undefined) return this.forward(method, lease?.key, options, call)
    return this.#call(holder, partOf(call), options)
  }

  /** The clients do not ignore errors themselves, as the pool has to see them. */
  protected override forward<R, O extends CommandOptions>(
    method: MethodTraits,
    _key: Key | undefined,
    options: O | undefined,
    call: (client: C, options: O | undefined) => Promise<R>,
  ): Promise<R> {
    const { isRead } = method
    const answer = this.#run(options, call, isRead)
    const ignoring = isRead ? this.#ignoring : undefined
    return ignoring === undefined ? answer : ignoring.answer(answer, method, options)
  }

  // Not async: it sits on the hot path.
  /** One deadline for the wait for a client, connecting, and the command. */
  #run<R, O extends CommandOptions>(
    options: O | undefined,
    call: (client: C, options: O | undefined) => Promise<R>,
    isRead: boolean,
  ): Promise<R> {
    try {
      if (options !== undefined) checkCallOptions(options)
    } catch (error) {
      return Promise.reject(error)
    }
    const own = partOf(call)
    const idle = options?.signal?.aborted ? undefined : inside.lendIdle(this.#pool)
    if (idle !== undefined)
      return this.#lend(idle, undefined, (client) => this.#call(client, own, options), isRead)
    const { signal, timeout = this.#timeout } = options ?? {}
    const start = inside.timeOf(this.#pool)
    const { waiting } = this
    const answer = this.#lend(
      undefined,
      { signal, timeout: Math.min(timeout, this.#acquireTimeout) },
      (client) => {
        // Without a wait, time that has passed is the process's own.
        const left = hasWaited
          ? Math.max(MIN_LEFT, start + timeout - inside.timeOf(this.#pool))
          : timeout
        return this.#call(client, own, { ...(options as O), timeout: left })
      },
      isRead,
    )
    const hasWaited = this.waiting > waiting
    return answer
  }

  /** Runs a call on its client, in time in any case. */
  #call<R, O extends CommandOptions>(
    client: C,
    call: (client: C, options: O | undefined) => Promise<R>,
    options: O | undefined,
  ): Promise<R> {
    if (this.#areTimely) return call(client, options)
    const { timeout = this.#timeout, signal } = options ?? {}
    const work = call(client, { ...(options as O), timeout })
    // From here on: the client may have taken long to begin.
    return new Deadline(timeout + GRACE, signal).bound(work)
  }
}
