import { type Client, checkClientOptions, type NativeValue } from '@mc/client'
import {
  type Address,
  type CommandOptions,
  type Deleted,
  type DeleteManyOptions,
  type Entries,
  type FlushOptions,
  ForwardingClient,
  type ItemKey,
  type Key,
  type MethodTraits,
  parseAddress,
  type ServerSpec,
  type StatsOf,
  type StoreOptions,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import {
  captureCalls,
  checkBoolean,
  checkEventNames,
  checkOptionNames,
  showAs,
  traceMethods,
} from '@mc/protocol/toolkit'
import { addressList } from './address-list.ts'
import { connect, flushAll, stats, version } from './all-calls.ts'
import { CallRunner } from './call-runner.ts'
import { CallTime } from './call-time.ts'
import { Cluster, type HashClientEvents, type ServerChanges } from './cluster.ts'
import { prepareDefaultClient } from './default-client.ts'
import {
  HASH_CLIENT_OPTIONS,
  type HashClientOptions,
  hashClientSettings,
  keyEncoder,
  serverClientOptions,
} from './hash-client-options.ts'
import { deleteMany, hasMany, setMany } from './many-calls.ts'
import { RendezvousHash } from './rendezvous.ts'
import type { PreparedClient, ServerClient, ServerStatus } from './server.ts'
import { HASH_CLIENT_EVENTS, publishServerEvent } from './server-events.ts'
import { streamsOf } from './server-streams.ts'

/**
 * A client of many servers: each key lives on the server that the hasher chooses for it.
 *
 * A server whose connection fails too often in a row is dead until it answers a probe; see `failover`
 * for what becomes of its keys. Dead servers are probed when commands come, one probe at a time each.
 *
 * @typeParam V - the values that the serde takes and gives
 */
export class HashClient<V = NativeValue> extends ForwardingClient<
  V,
  ServerClient<V>,
  HashClientEvents
> {
  static {
    showAs(HashClient, ({ servers, lastError }) => ({
      servers: servers.map(({ name, state, inFlight, lastError: error }) => ({
        ...{ name, state, inFlight },
        ...(error !== undefined && { lastError: error }),
      })),
      ...(lastError !== undefined && { lastError }),
    }))
    traceMethods(HashClient.prototype)
    checkEventNames(HashClient, HASH_CLIENT_EVENTS)
  }

  readonly #cluster: Cluster<V>
  readonly #prepareClient: (server: Address) => PreparedClient<V>
  readonly #time: CallTime
  readonly #runner: CallRunner<V>

  /**
   * @param servers - each as in `parseAddress`; several ways to write one address are one server
   * @throws MemcacheIllegalInputError for an address or prefix, TypeError or RangeError for another
   *   invalid option
   */
  constructor(servers: Iterable<ServerSpec>, options: HashClientOptions<V> = {}) {
    super()
    checkOptionNames(options, HASH_CLIENT_OPTIONS)
    const { createClient, hasher } = options
    const settings = hashClientSettings(options)
    this.#time = new CallTime(settings.timeout, settings.now)
    this.#cluster = new Cluster(
      settings,
      this.#time,
      hasher ?? new RendezvousHash(),
      (event, ...args) => this.announce(event, ...args),
    )
    this.#prepareClient =
      createClient ??
      ((server) =>
        prepareDefaultClient(server, options, (...error) => this.announce('error', ...error)))
    if (checkBoolean('captureStack', options.captureStack ?? false)) captureCalls(this)
    this.#runner = new CallRunner(settings, this.#cluster, {
      keys: keyEncoder(options),
      time: this.#time,
      timeout: createClient === undefined ? undefined : settings.timeout,
      awaitServers: () => this.awaitServers(),
    })
    const add = addressList(servers)
    // Those of each server are checked with it, as its URL may complete them.
    if (createClient === undefined && add.length === 0) {
      checkClientOptions(serverClientOptions(options))
    }
    this.#cluster.change({ add }, this.#prepareClient)
  }

  get maxKeyLength(): number {
    return this.#runner.maxKeyLength
  }

  /** All servers as they are at the moment, in the order in which they were added. */
  get servers(): ServerStatus[] {
    return this.#cluster.servers.map((server) => server.status)
  }

  /** The last error that `ignoreExc` covered; `undefined` without `ignoreExc`, or if there was none. */
  get lastError(): Error | undefined {
    return this.#runner.lastError
  }

  /**
   * The name of the server that a key is on at the moment, without asking any; `undefined` if no server is left. While a
   * server is dead, `failover` says whether its keys are on others.
   *
   * @throws MemcacheIllegalInputError for an illegal key
   */
  serverFor(key: Key): string | undefined {
    return this.#runner.nameFor(key)
  }

  /**
   * Adds a server, which takes over its share of the keys; does nothing if it is there already.
   *
   * @throws MemcacheIllegalInputError for an address that cannot be read
   */
  addServer(server: ServerSpec): void {
    this.changeServers({ add: [server] })
  }

  /**
   * Removes a server: its keys move to the others at once. Resolves when every call in flight there has
   * finished and its client is closed.
   *
   * @throws RangeError if there is no such server
   */
  async removeServer(server: ServerSpec): Promise<void> {
    await Promise.all(this.changeServers({ remove: [server] }).values())
  }

  /**
   * Makes a server's client anew, such as when the server is to be reached elsewhere: no key moves, and a
   * dead server is considered healthy. Resolves when every call in flight on the old client has finished and
   * it is closed.
   *
   * @throws RangeError if there is no such server
   */
  async replaceServer(server: ServerSpec): Promise<void> {
    await Promise.all(this.changeServers({ replace: [server] }).values())
  }

  /** Connects to all servers now rather than at the first command. */
  connect(): Promise<void> {
    return connect(this.#runner)
  }

  protected override announce<K extends keyof HashClientEvents>(
    event: K,
    ...args: HashClientEvents[K]
  ): void {
    publishServerEvent(this, event, args)
    super.announce(event, ...args)
  }

  protected override forward<R, O extends CommandOptions>(
    method: MethodTraits,
    key: Key | undefined,
    options: O | undefined,
    call: (client: ServerClient<V>, options: O | undefined) => Promise<R>,
  ): Promise<R> {
    return this.#runner.run(method, key as Key, options, call)
  }

  override getMany<T = V>(keys: Iterable<string>, options?: CommandOptions): Promise<Map<string, T>>
  override getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>>
  override getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>> {
    return this.#runner.readMany<T>('getMany', keys, options, (client, batch, remaining) =>
      client.getMany<T>(batch, remaining),
    )
  }

  override getsMany<T = V>(
    keys: Iterable<string>,
    options?: CommandOptions,
  ): Promise<Map<string, ValueWithCas<T>>>
  override getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>>
  override getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>> {
    return this.#runner.readMany('getsMany', keys, options, (client, batch, remaining) =>
      client.getsMany<T>(batch, remaining),
    )
  }

  override setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]> {
    return setMany(this.#runner, entries, options)
  }

  override deleteMany<const O extends DeleteManyOptions = WriteOptions>(
    keys: Iterable<Key>,
    options?: O,
  ): Promise<Deleted<O>> {
    return deleteMany(this.#runner, keys, options) as Promise<Deleted<O>>
  }

  override hasMany<K extends Key>(
    keys: Iterable<K>,
    options?: CommandOptions,
  ): Promise<Set<K extends string ? string : ItemKey>> {
    return hasMany(this.#runner, keys, options) as Promise<Set<K extends string ? string : ItemKey>>
  }

  /** Empties every server. `false` with `ignoreExc` when one of them could not be. */
  override flushAll(options?: FlushOptions): Promise<boolean> {
    return flushAll(this.#runner, options)
  }

  /**
   * Statistics of every server, by its name; with `ignoreExc` without those that failed.
   *
   * @throws MemcachePartialError whose `results` are those that came and whose `failed` has server names
   */
  stats<const A extends readonly string[]>(...args: A): Promise<Map<string, StatsOf<A>>> {
    return stats(this.#runner, args) as Promise<Map<string, StatsOf<A>>>
  }

  /**
   * A stream of the items of each server by its name, as in `Client`, whatever the server's state.
   * @throws MemcacheUnsupportedError if `createClient` makes clients without streams
   */
  metadump(...args: Parameters<Client['metadump']>): Map<string, ReturnType<Client['metadump']>> {
    return streamsOf(this.#cluster.servers, 'metadump', (it) => it.metadump?.(...args))
  }

  /** A stream of the events of each server by its name, as `metadump`. */
  watch(...args: Parameters<Client['watch']>): Map<string, ReturnType<Client['watch']>> {
    return streamsOf(this.#cluster.servers, 'watch', (it) => it.watch?.(...args))
  }

  /** The version of every server, by its name; failures as in `stats`. */
  version(options?: CommandOptions): Promise<Map<string, string>> {
    return version(this.#runner, options)
  }

  /** Lets all connections go; a failure is an `error` event. */
  async quit(): Promise<void> {
    if (!this.#runner.isClosed) await this.#cluster.quit(this.#time.toClose())
  }

  /**
   * Lets calls in flight finish on all servers, whatever their state, then closes for good.
   *
   * Resolves within three times the longest `timeout`, of this client or given to a call, whatever the
   * clients of the servers do. What did not close by then, or failed, is an `error` event.
   */
  close(): Promise<void> {
    if (!this.#runner.isClosed) {
      for (const { name } of this.servers) publishServerEvent(this, 'removed', [name])
    }
    return this.#runner.close()
  }

  /**
   * What calls wait for, each no longer than its timeout, while there is no server; `undefined` if none
   * is to come. For subclasses that find their servers themselves.
   */
  protected awaitServers(): Promise<void> | undefined {
    return undefined
  }

  /**
   * Adds, replaces and removes servers: all of them or, when `createClient` or the hasher throws, none.
   * Answers, by name, when the old client of each server that leaves or is replaced has closed. For
   * subclasses that find their servers themselves.
   *
   * @param prepareClient - makes the client of a new or replaced server, or a function that makes it at its
   *   first command and never throws
   * @throws MemcacheIllegalInputError for an address that cannot be read, RangeError for a server to replace
   *   or remove that is not there
   */
  protected changeServers(
    changes: ServerChanges,
    prepareClient: (server: Address) => PreparedClient<V> = this.#prepareClient,
  ): Map<string, Promise<void>> {
    this.#runner.assertOpen()
    const { added, replaced, removed } = this.#cluster.change(
      {
        add: changes.add?.map((server) => parseAddress(server)),
        replace: changes.replace?.map((server) => parseAddress(server)),
        remove: changes.remove?.map((server) => parseAddress(server)),
      },
      prepareClient,
    )
    for (const name of added) this.announce('added', name)
    for (const { name } of replaced) this.announce('replaced', name)
    for (const { name } of removed) this.announce('removed', name)
    const deadline = this.#time.toClose()
    return new Map([...replaced, ...removed].map((left) => [left.name, left.retire(deadline)]))
  }
}
