import { CLIENT_OPTIONS, Client, checkClientOptions, type NativeValue } from '@mc/client'
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
  KeyEncoder,
  METHODS,
  MemcacheIllegalInputError,
  type MethodTraits,
  parseAddress,
  type ServerSpec,
  type Stats,
  type StoreOptions,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import {
  captureCalls,
  checkBoolean,
  checkMilliseconds,
  checkOptionNames,
  pickOptions,
  showAs,
} from '@mc/protocol/toolkit'
import { CallRunner } from './call-runner.ts'
import { CallTime } from './call-time.ts'
import { Cluster, type HashClientEvents, type ServerChanges } from './cluster.ts'
import {
  HASH_CLIENT_OPTIONS,
  type HashClientOptions,
  hashClientSettings,
} from './hash-client-options.ts'
import { deleteMany, hasMany, setMany } from './many-calls.ts'
import { RendezvousHash } from './rendezvous.ts'
import { lacking, type PreparedClient, type ServerClient, type ServerStatus } from './server.ts'

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
    showAs(HashClient, ({ servers }) => ({
      servers: servers.map(({ name, state, inFlight }) => ({ name, state, inFlight })),
    }))
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
    const { hasher, createClient, keyPrefix, allowUnicodeKeys, defaultNoreply } = options
    const settings = hashClientSettings(options)
    const { timeout = createClient === undefined ? 1000 : undefined } = options
    if (timeout !== undefined) checkMilliseconds('timeout', timeout)
    this.#time = new CallTime(timeout, settings.now)
    this.#cluster = new Cluster(
      settings,
      this.#time,
      hasher ?? new RendezvousHash(),
      (event, ...args) => this.announce(event, ...args),
    )
    this.#prepareClient =
      createClient ?? ((server) => () => this.#createDefaultClient(server, options))
    // Clients are made when they are needed, but invalid options throw now.
    if (createClient === undefined) checkClientOptions(pickOptions(options, CLIENT_OPTIONS))
    if (checkBoolean('captureStack', options.captureStack ?? false)) captureCalls(this)
    this.#runner = new CallRunner(settings, this.#cluster, {
      keys: new KeyEncoder({
        prefix: keyPrefix,
        allowUnicode: allowUnicodeKeys ?? createClient !== undefined,
      }),
      defaultNoreply: defaultNoreply ?? false,
      time: this.#time,
      timeout: createClient === undefined ? undefined : timeout,
      awaitServers: () => this.awaitServers(),
    })
    if (typeof servers === 'string' || typeof servers?.[Symbol.iterator] !== 'function') {
      throw new MemcacheIllegalInputError('servers must be an iterable of servers, not one server')
    }
    const add = Array.from(servers, (server) => parseAddress(server))
    this.#cluster.change({ add }, this.#prepareClient)
  }

  get maxKeyLength(): number {
    return this.#runner.maxKeyLength
  }

  /** All servers as they are at the moment, in the order in which they were added. */
  get servers(): ServerStatus[] {
    return this.#cluster.servers.map((server) => server.status)
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
  async connect(): Promise<void> {
    await this.#runner.onAll(
      undefined,
      {
        name: 'connect',
        send: async (client) => client.connect?.(),
        isAwaited: true,
      },
      false,
    )
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
  override async flushAll(options?: FlushOptions): Promise<boolean> {
    const { answers, failed } = await this.#runner.onAll(options, {
      name: 'flushAll',
      send: (client, remaining) => client.flushAll(remaining),
      isAwaited: this.#runner.isAwaited(METHODS.flushAll, options),
    })
    return failed.size === 0 && [...answers.values()].every(Boolean)
  }

  /**
   * Statistics of every server, by its name; with `ignoreExc` without those that failed.
   *
   * @throws MemcachePartialError whose `results` are those that came and whose `failed` has server names
   */
  async stats(...args: readonly string[]): Promise<Map<string, Stats>> {
    const { answers } = await this.#runner.onAll(undefined, {
      name: 'stats',
      send: (client) => client.stats?.(...args) ?? lacking('stats'),
      isAwaited: true,
    })
    return answers
  }

  /** The version of every server, by its name; failures as in `stats`. */
  async version(options?: CommandOptions): Promise<Map<string, string>> {
    const { answers } = await this.#runner.onAll(options, {
      name: 'version',
      send: (client, remaining) => client.version?.(remaining) ?? lacking('version'),
      isAwaited: true,
    })
    return answers
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

  #createDefaultClient(server: Address, options: HashClientOptions<V>): ServerClient<V> {
    // What a client ignored, failover would not see; and calls are captured here.
    const own = { ...pickOptions(options, CLIENT_OPTIONS), ignoreExc: false, captureStack: false }
    const client = new Client<V>(server, own)
    client.on('error', (error) => this.announce('error', error, client.server))
    return client
  }
}
