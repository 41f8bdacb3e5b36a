import { EventEmitter } from 'node:events'
import { Backoff, Client, type ClientOptions, type NativeValue } from '@mc/client'
import {
  addressName,
  type CasToken,
  type CommandOptions,
  checkBoolean,
  checkCallOptions,
  checkObject,
  type Entries,
  type Expire,
  type FlushOptions,
  type GetOptions,
  type ItemKey,
  isConnectionError,
  isIgnorableError,
  type Key,
  type MemcacheClient,
  MemcacheConnectError,
  type MemcacheError,
  MemcachePartialError,
  MemcacheTimeoutError,
  parseAddress,
  type RawCommandOptions,
  type ServerCommands,
  type ServerSpec,
  type Stats,
  type StoreOptions,
  showAs,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import type { AcquireOptions } from './borrower.ts'
import { ObjectPool } from './object-pool.ts'
import type {
  PoolableClient,
  PooledClientEvents,
  PooledClientOptions,
} from './pooled-client-options.ts'

/**
 * A client of one server over several connections. Each call has a client, and so a connection, for
 * itself: a large value or a slow command holds up nobody else. For speed it is not needed, as one
 * `Client` sends all its calls over one connection without waiting for replies.
 *
 * A call that finds all clients lent waits up to `acquireTimeout`, then rejects with
 * `MemcacheOverloadError`. A client whose call failed on the connection is destroyed. After a failed
 * attempt to connect, no new client is made until `reconnectDelay` is over.
 *
 * With `ignoreExc` an exhausted pool counts as a failure like any other.
 *
 * @typeParam V - the values that the clients take and give
 * @typeParam C - the clients in the pool
 */
export class PooledClient<V = NativeValue, C extends PoolableClient<V> = Client<V>>
  extends EventEmitter<PooledClientEvents<C>>
  implements MemcacheClient<V>, ServerCommands
{
  static {
    showAs(PooledClient, ({ server, size, inUse, waiting }) => ({ server, size, inUse, waiting }))
  }

  /** The server's name: `host:port` or the path of a socket. */
  readonly server: string

  readonly #pool: ObjectPool<C>
  readonly #backoff: Backoff
  /** Clients whose server has answered. */
  readonly #proven = new WeakSet<C>()
  readonly #minPoolSize: number
  readonly #acquireTimeout: number
  readonly #ignoreExc: boolean

  /**
   * @param server - as for `Client`
   * @throws MemcacheIllegalInputError for an address, TypeError or RangeError for an option that cannot
   *   be meant
   */
  constructor(server: ServerSpec, options: PooledClientOptions<V, C> = {}) {
    super()
    checkObject('options', options)
    const {
      createClient = defaultClient as unknown as (
        server: ServerSpec,
        options: ClientOptions<V>,
      ) => C,
      maxPoolSize,
      minPoolSize,
      poolIdleTimeout,
      maxConnectionAge,
      maxConnectionAgeJitter,
      acquireTimeout,
      maxWaiting,
      ignoreExc = false,
      ...clientOptions
    } = options
    this.server = addressName(parseAddress(server))
    // A client does nothing before its first command: this one is to refuse bad options here and now.
    if (options.createClient === undefined) createClient(server, clientOptions)
    this.#backoff = new Backoff(options.reconnectDelay ?? {})
    this.#minPoolSize = minPoolSize ?? 0
    this.#acquireTimeout = acquireTimeout ?? 1000
    this.#ignoreExc = checkBoolean('ignoreExc', ignoreExc)
    this.#pool = new ObjectPool<C>({
      create: () => this.#create(() => createClient(server, clientOptions)),
      destroy: (client) => client.close(),
      destroyOn: isConnectionError,
      name: this.server,
      maxSize: maxPoolSize,
      minSize: minPoolSize,
      idleTimeout: poolIdleTimeout,
      maxAge: maxConnectionAge,
      maxAgeJitter: maxConnectionAgeJitter,
      acquireTimeout,
      maxWaiting,
    })
    this.#pool.on('create', (client) => this.emit('create', client))
    this.#pool.on('destroy', (client) => this.emit('destroy', client))
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

  /** Connects `minPoolSize` clients, and at least one. @throws MemcacheConnectError */
  async connect(): Promise<void> {
    const clients = Array.from({ length: Math.max(1, this.#minPoolSize) }, () =>
      this.use(async (client) => client.connect?.()),
    )
    await Promise.all(clients)
  }

  /**
   * Lends a client for a sequence of calls: nobody else uses its connection until `fn` settles. If `fn`
   * fails on the connection, the client is destroyed.
   *
   * @throws as `ObjectPool.get`, and whatever `fn` throws
   */
  use<R>(fn: (client: C) => R | Promise<R>, options?: AcquireOptions): Promise<R> {
    return this.#pool.use(async (client) => {
      try {
        const result = await fn(client)
        this.#backoff.succeeded()
        this.#proven.add(client)
        return result
      } catch (error) {
        if (this.#isFailedConnection(client, error)) this.#backoff.failed(error)
        // So that the pool need not wait for late replies when it closes the client.
        if (isConnectionError(error)) client.destroy?.()
        throw error
      }
    }, options)
  }

  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#read(options, options?.default as D, (client, told) => client.get<T, D>(key, told))
  }

  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#read(options, options?.default as D, (client, told) =>
      client.gets<T, D>(key, told),
    )
  }

  gat<T = V, D = undefined>(key: Key, expire?: Expire, options?: GetOptions<D>): Promise<T | D> {
    return this.#read(options, options?.default as D, (client, told) =>
      client.gat<T, D>(key, expire, told),
    )
  }

  gats<T = V, D = undefined>(
    key: Key,
    expire?: Expire,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D> {
    return this.#read(options, options?.default as D, (client, told) =>
      client.gats<T, D>(key, expire, told),
    )
  }

  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>> {
    return this.#read(options, new Map<ItemKey, T>(), (client, told) =>
      client.getMany<T>(keys, told),
    )
  }

  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>> {
    return this.#read(options, new Map<ItemKey, ValueWithCas<T>>(), (client, told) =>
      client.getsMany<T>(keys, told),
    )
  }

  set(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.set(key, value, told))
  }

  setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]> {
    return this.#run(options, (client, told) => client.setMany(entries, told))
  }

  add(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.add(key, value, told))
  }

  replace(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.replace(key, value, told))
  }

  append(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.append(key, value, told))
  }

  prepend(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.prepend(key, value, told))
  }

  cas(key: Key, value: V, cas: CasToken, options?: StoreOptions): Promise<boolean | undefined> {
    return this.#run(options, (client, told) => client.cas(key, value, cas, told))
  }

  incr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  incr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  incr(key: Key, delta?: number | bigint, options?: WriteOptions): Promise<never> {
    return this.#run(options, (client, told) => client.incr(key, delta as never, told) as never)
  }

  decr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  decr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  decr(key: Key, delta?: number | bigint, options?: WriteOptions): Promise<never> {
    return this.#run(options, (client, told) => client.decr(key, delta as never, told) as never)
  }

  touch(key: Key, expire?: Expire, options?: WriteOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.touch(key, expire, told))
  }

  delete(key: Key, options?: WriteOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.delete(key, told))
  }

  deleteMany(keys: Iterable<Key>, options?: WriteOptions): Promise<true> {
    return this.#run(options, (client, told) => client.deleteMany(keys, told))
  }

  flushAll(options?: FlushOptions): Promise<boolean> {
    return this.#run(options, (client, told) => client.flushAll(told))
  }

  stats(...args: readonly string[]): Promise<Stats> {
    return this.#read(undefined, Object.create(null) as Stats, (client) => client.stats(...args))
  }

  version(options?: CommandOptions): Promise<string> {
    return this.#run(options, (client, told) => client.version(told))
  }

  verbosity(level: number, options?: WriteOptions): Promise<true> {
    return this.#run(options, (client, told) => client.verbosity(level, told))
  }

  cacheMemlimit(megabytes: number, options?: WriteOptions): Promise<true> {
    return this.#run(options, (client, told) => client.cacheMemlimit(megabytes, told))
  }

  shutdown(options?: CommandOptions & { readonly graceful?: boolean | undefined }): Promise<void> {
    return this.#run(options, (client, told) => client.shutdown(told))
  }

  rawCommand(command: string | Uint8Array, options?: RawCommandOptions): Promise<Buffer> {
    return this.#run(options, (client, told) => client.rawCommand(command, told))
  }

  /** Closes the idle clients now, and those that are lent when their calls are done; later calls make new ones. */
  quit(): Promise<void> {
    return this.#pool.clear()
  }

  /** Takes no more calls; resolves when those under way, waiting ones included, are done. */
  drain(): Promise<void> {
    return this.#pool.drain()
  }

  /** Drains the pool, then closes its clients. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Some servers accept a connection and end it at once. A short timeout says nothing about the server. */
  #isFailedConnection(client: C, error: unknown): error is MemcacheError {
    if (error instanceof MemcacheConnectError) return true
    const isOver = isConnectionError(error) && !(error instanceof MemcacheTimeoutError)
    return isOver && !this.#proven.has(client)
  }

  #create(create: () => C): C {
    const cause = this.#backoff.failure
    if (cause !== undefined) {
      throw new MemcacheConnectError(`waiting to connect again after: ${cause.reason}`, {
        server: this.server,
        cause,
        written: false,
      })
    }
    const client = create()
    if (client instanceof EventEmitter) client.on('error', this.#report)
    return client
  }

  readonly #report = (error: unknown): void => {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }

  /** What a call waits for its client counts towards its `timeout`. */
  async #run<O extends CommandOptions, R>(
    options: O | undefined,
    command: (client: C, options: O | undefined) => Promise<R>,
  ): Promise<R> {
    if (options !== undefined) checkCallOptions(options)
    const { signal, timeout } = options ?? {}
    if (timeout === undefined) {
      return this.use((client) => command(client, options), { signal })
    }
    const start = performance.now()
    return this.use(
      (client) => {
        const left = Math.max(1, timeout - (performance.now() - start))
        return command(client, { ...(options as O), timeout: left })
      },
      { signal, timeout: Math.min(timeout, this.#acquireTimeout) },
    )
  }

  /** The clients do not ignore errors themselves, as the pool has to see them. */
  async #read<O extends CommandOptions, R>(
    options: O | undefined,
    fallback: R,
    command: (client: C, options: O | undefined) => Promise<R>,
  ): Promise<R> {
    try {
      return await this.#run(options, command)
    } catch (error) {
      if (!this.#ignoreExc || !isIgnorableError(error)) throw error
      return error instanceof MemcachePartialError ? (error.results as R) : fallback
    }
  }
}

function defaultClient(server: ServerSpec, options: ClientOptions): Client {
  return new Client(server, options as ClientOptions<NativeValue>)
}
