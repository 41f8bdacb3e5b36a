import { Client, type NativeValue } from '@mc/client'
import {
  type Address,
  Announcer,
  addressName,
  type CasToken,
  type CommandOptions,
  type Entries,
  type Expire,
  entryPairs,
  type FlushOptions,
  type GetOptions,
  type ItemKey,
  type Key,
  KeyEncoder,
  keyList,
  type MemcacheClient,
  MemcacheClosedError,
  MemcacheError,
  orOnError,
  parseAddress,
  type ServerSpec,
  type Stats,
  type StoreOptions,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import { runOnAll } from './all-servers.ts'
import { Cluster, type HashClientEvents } from './cluster.ts'
import { throwFailures } from './failure.ts'
import {
  type HashClientOptions,
  type HashClientSettings,
  hashClientSettings,
} from './hash-client-options.ts'
import { allServersDown, inOrderOf, type ManyKeysCall, runManyKeys } from './many-keys.ts'
import { RendezvousHash } from './rendezvous.ts'
import { routingText } from './routing-text.ts'
import type { Server, ServerClient, ServerStatus } from './server.ts'

/**
 * A client of many servers: each key lives on the server that the hasher chooses for it.
 *
 * A server whose connection fails too often in a row is dead until it answers a probe; see `failover`
 * for what becomes of its keys. Dead servers are probed when commands come, one probe at a time each.
 *
 * @typeParam V - the values that the serde takes and gives
 */
export class HashClient<V = NativeValue>
  extends Announcer<HashClientEvents>
  implements MemcacheClient<V>
{
  readonly #settings: HashClientSettings
  readonly #cluster: Cluster<V>
  readonly #createClient: (server: Address) => ServerClient<V>
  readonly #keys: KeyEncoder
  readonly #defaultNoreply: boolean
  #closed: Promise<void> | undefined

  /**
   * @param servers - each as in `parseAddress`; several ways to write one address are one server
   * @throws MemcacheIllegalInputError for an address or prefix, TypeError or RangeError for another
   *   option that cannot be meant
   */
  constructor(servers: Iterable<ServerSpec>, options: HashClientOptions<V> = {}) {
    super()
    const { hasher, createClient, keyPrefix, allowUnicodeKeys, defaultNoreply } = options
    this.#settings = hashClientSettings(options)
    this.#cluster = new Cluster(this.#settings, hasher ?? new RendezvousHash(), (event, ...args) =>
      this.announce(event, ...args),
    )
    this.#createClient = createClient ?? ((server) => this.#createDefaultClient(server, options))
    this.#keys = new KeyEncoder({
      prefix: keyPrefix,
      allowUnicode: allowUnicodeKeys ?? createClient !== undefined,
    })
    this.#defaultNoreply = defaultNoreply ?? false
    for (const server of servers) this.#cluster.add(parseAddress(server), this.#createClient)
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
    this.#begin()
    const added = this.#cluster.add(parseAddress(server), this.#createClient)
    if (added !== undefined) this.announce('added', added)
  }

  /**
   * Removes a server: its keys move to the others at once. Resolves when what was under way there has
   * finished and its client is closed.
   *
   * @throws RangeError if there is no such server
   */
  async removeServer(server: ServerSpec): Promise<void> {
    this.#begin()
    const removed = this.#cluster.remove(addressName(parseAddress(server)))
    this.announce('removed', removed.name)
    await removed.retire()
  }

  /** Connects to all servers now rather than at the first command. */
  async connect(): Promise<void> {
    await this.#onAll(async (client) => client.connect?.())
  }

  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#run(key, (client) => client.get<T, D>(key, options), options?.default as D)
  }

  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#run(key, (client) => client.gets<T, D>(key, options), options?.default as D)
  }

  gat<T = V, D = undefined>(key: Key, expire?: Expire, options?: GetOptions<D>): Promise<T | D> {
    return this.#run(key, (client) => client.gat<T, D>(key, expire, options), options?.default as D)
  }

  gats<T = V, D = undefined>(
    key: Key,
    expire?: Expire,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D> {
    return this.#run(
      key,
      (client) => client.gats<T, D>(key, expire, options),
      options?.default as D,
    )
  }

  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>> {
    return this.#readMany<T>(keys, options, (client, batch, rest) => client.getMany<T>(batch, rest))
  }

  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>> {
    return this.#readMany(keys, options, (client, batch, rest) => client.getsMany<T>(batch, rest))
  }

  set(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client) => client.set(key, value, options))
  }

  async setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]> {
    const notStored: ItemKey[] = []
    const failed = await this.#runMany(notStored, {
      items: entryPairs(entries),
      options,
      keyOf: ([key]) => key,
      send: (client, batch, rest) => client.setMany(batch, rest),
      merge: (results, keys) => results.push(...keys),
      isProof: this.#isAwaited(options),
    })
    return [...notStored, ...failed.keys()]
  }

  add(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client) => client.add(key, value, options))
  }

  replace(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client) => client.replace(key, value, options))
  }

  append(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client) => client.append(key, value, options))
  }

  prepend(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client) => client.prepend(key, value, options))
  }

  cas(key: Key, value: V, cas: CasToken, options?: StoreOptions): Promise<boolean | undefined> {
    const command = (client: ServerClient<V>): Promise<boolean | undefined> =>
      client.cas(key, value, cas, options)
    return this.#run<boolean | undefined>(key, command, false, options?.noreply !== true)
  }

  incr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  incr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  incr(key: Key, delta?: number | bigint, options?: WriteOptions): Promise<never> {
    return this.#count('incr', key, delta, options)
  }

  decr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  decr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  decr(key: Key, delta?: number | bigint, options?: WriteOptions): Promise<never> {
    return this.#count('decr', key, delta, options)
  }

  touch(key: Key, expire?: Expire, options?: WriteOptions): Promise<boolean> {
    return this.#write(key, options, (client) => client.touch(key, expire, options))
  }

  delete(key: Key, options?: WriteOptions): Promise<boolean> {
    return this.#write(key, options, (client) => client.delete(key, options))
  }

  async deleteMany(keys: Iterable<Key>, options?: WriteOptions): Promise<true> {
    await this.#runMany<Key, true, WriteOptions>(true, {
      items: keyList(keys),
      options,
      keyOf: (key) => key,
      send: (client, batch, rest) => client.deleteMany(batch, rest),
      merge: () => {},
      isProof: this.#isAwaited(options),
    })
    return true
  }

  /** Empties every server. `false` with `ignoreExc` when one of them could not be. */
  async flushAll(options?: FlushOptions): Promise<boolean> {
    const answers = await this.#onAll(
      (client) => client.flushAll(options),
      this.#isAwaited(options),
    )
    return answers.size === this.#cluster.servers.length && [...answers.values()].every(Boolean)
  }

  /**
   * Statistics of every server, by its name; with `ignoreExc` without those that failed.
   *
   * @throws MemcachePartialError whose `results` are those that came and whose `failed` has server names
   */
  async stats(...args: readonly string[]): Promise<Map<string, Stats>> {
    return this.#onAll((client) => {
      if (client.stats === undefined) throw new MemcacheError('this server’s client has no stats')
      return client.stats(...args)
    })
  }

  /** The version of every server, by its name; failures as in `stats`. */
  async version(options?: CommandOptions): Promise<Map<string, string>> {
    return this.#onAll((client) => {
      if (client.version === undefined)
        throw new MemcacheError('this server’s client has no version')
      return client.version(options)
    })
  }

  /** Lets all connections go; what fails at that is told by the `error` event. */
  async quit(): Promise<void> {
    await Promise.all(this.#cluster.servers.map((server) => this.#quitOne(server)))
  }

  /** Lets what is under way finish on all servers, whatever their state, then closes for good. */
  close(): Promise<void> {
    this.#closed ??= Promise.all(this.#cluster.servers.map((server) => server.retire())).then(
      () => {},
    )
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #createDefaultClient(server: Address, options: HashClientOptions<V>): ServerClient<V> {
    // What a client ignored, failover would not see.
    const client = new Client<V>(server, { ...options, ignoreExc: false })
    client.on('error', (error) => this.announce('error', error, client.server))
    return client
  }

  /** The server for a key now; `undefined` if none is left. */
  #serverFor(key: Key): Server<V> | undefined {
    return this.#cluster.serverFor(routingText(key, this.#settings.keyHashForm))
  }

  // Not async: with `ignoreExc` off, which is the hot path, it adds no promise to the server's.
  #run<T>(
    key: Key,
    command: (client: ServerClient<V>) => Promise<T>,
    fallback: T,
    isProof = true,
  ): Promise<T> {
    try {
      this.#begin()
      const server = this.#serverFor(key)
      // A call that is refused meets no client that would check its key.
      if (server?.health.state !== 'healthy') this.#keys.encode(key)
      const answer = server?.run(command, isProof) ?? Promise.reject(allServersDown())
      return this.#settings.ignoreExc ? orOnError(answer, fallback) : answer
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #write<T>(
    key: Key,
    options: WriteOptions | undefined,
    command: (client: ServerClient<V>) => Promise<T>,
  ): Promise<T | false> {
    return this.#run<T | false>(key, command, false, this.#isAwaited(options))
  }

  #count(
    verb: 'incr' | 'decr',
    key: Key,
    delta: number | bigint | undefined,
    options: WriteOptions | undefined,
  ): Promise<never> {
    const command = (client: ServerClient<V>): Promise<unknown> =>
      client[verb](key, delta as number, options)
    return this.#run(key, command, undefined, options?.noreply !== true) as Promise<never>
  }

  async #readMany<T>(
    keys: Iterable<Key>,
    options: CommandOptions | undefined,
    send: ManyKeysCall<V, Key, Map<ItemKey, T>>['send'],
  ): Promise<Map<ItemKey, T>> {
    const items = keyList(keys)
    const found = new Map<ItemKey, T>()
    await this.#runMany<Key, Map<ItemKey, T>, CommandOptions>(found, {
      items,
      options,
      keyOf: (key) => key,
      send,
      merge: (all, answer) => {
        for (const [key, value] of answer) all.set(key, value)
      },
      isProof: true,
    })
    return inOrderOf(items, found)
  }

  /** Fills `results` and answers the keys that failed, all of which `ignoreExc` covers. */
  async #runMany<I, R, O extends CommandOptions>(
    results: R,
    call: ManyKeysCall<V, I, R, O>,
  ): Promise<Map<ItemKey, Error>> {
    this.#begin()
    // All of them are checked before any is sent.
    for (const item of call.items) this.#keys.encode(call.keyOf(item))
    const { failed, anyCame } = await runManyKeys(
      call,
      (key) => this.#serverFor(key),
      results,
      this.#settings,
    )
    throwFailures(results, failed, anyCame, this.#settings.ignoreExc)
    return failed
  }

  /** Runs a command on every server at once; with `ignoreExc` the servers that failed are left out. */
  async #onAll<T>(
    command: (client: ServerClient<V>) => Promise<T>,
    isProof = true,
  ): Promise<Map<string, T>> {
    this.#begin()
    const { answers, failed } = await runOnAll(this.#cluster.servers, command, isProof)
    throwFailures(answers, failed, answers.size > 0, this.#settings.ignoreExc)
    return answers
  }

  async #quitOne({ name, client }: Server<V>): Promise<void> {
    try {
      await client.quit()
    } catch (error) {
      this.announce('error', error as Error, name)
    }
  }

  /** Whether success of a call shows that the server is well: not if it only means that bytes left. */
  #isAwaited(options: WriteOptions | undefined): boolean {
    return !(options?.noreply ?? this.#defaultNoreply)
  }

  /** What comes before every call. @throws MemcacheClosedError */
  #begin(): void {
    if (this.#closed !== undefined) {
      throw new MemcacheClosedError('the client is closed', { written: false })
    }
    this.#cluster.probeDead()
  }
}
