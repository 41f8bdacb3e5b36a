import { Client, type NativeValue } from '@mc/client'
import {
  type Address,
  Announcer,
  addressName,
  type CasToken,
  type CommandOptions,
  checkMilliseconds,
  checkObject,
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
  MemcacheIllegalInputError,
  orOnError,
  parseAddress,
  type ServerSpec,
  type Stats,
  type StoreOptions,
  showAs,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import { type AllServersOutcome, runOnAll } from './all-servers.ts'
import { Cluster, type HashClientEvents } from './cluster.ts'
import { throwFailures } from './failure.ts'
import {
  type HashClientOptions,
  type HashClientSettings,
  hashClientSettings,
} from './hash-client-options.ts'
import {
  allFailed,
  allServersDown,
  inOrderOf,
  type ManyKeysCall,
  runManyKeys,
} from './many-keys.ts'
import { RendezvousHash } from './rendezvous.ts'
import { routingText } from './routing-text.ts'
import type { Server, ServerClient, ServerCommand, ServerStatus } from './server.ts'
import { WaitingCalls } from './waiting-calls.ts'

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
  static {
    showAs(HashClient, ({ servers }) => ({
      servers: servers.map(({ name, state, inFlight }) => ({ name, state, inFlight })),
    }))
  }

  readonly #settings: HashClientSettings
  readonly #cluster: Cluster<V>
  readonly #createClient: (server: Address) => ServerClient<V>
  readonly #keys: KeyEncoder
  readonly #defaultNoreply: boolean
  readonly #waiting: WaitingCalls
  #closed: Promise<void> | undefined

  /**
   * @param servers - each as in `parseAddress`; several ways to write one address are one server
   * @throws MemcacheIllegalInputError for an address or prefix, TypeError or RangeError for another
   *   option that cannot be meant
   */
  constructor(servers: Iterable<ServerSpec>, options: HashClientOptions<V> = {}) {
    super()
    checkObject('options', options)
    const { hasher, createClient, keyPrefix, allowUnicodeKeys, defaultNoreply } = options
    const timeout = checkMilliseconds('timeout', options.timeout ?? 1000)
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
    this.#waiting = new WaitingCalls(timeout, this.#settings.now)
    if (typeof servers === 'string' || typeof servers?.[Symbol.iterator] !== 'function') {
      throw new MemcacheIllegalInputError('servers must be an iterable of servers, not one server')
    }
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
    this.#assertOpen()
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
    this.#assertOpen()
    const removed = this.#cluster.remove(addressName(parseAddress(server)))
    this.announce('removed', removed.name)
    await removed.retire()
  }

  /**
   * Makes a server's client anew, such as when the server is to be reached elsewhere: no key moves, and a
   * dead server is taken for well. Resolves when what was under way on the old client has finished and
   * it is closed.
   *
   * @throws RangeError if there is no such server
   */
  async replaceServer(server: ServerSpec): Promise<void> {
    this.#assertOpen()
    const replaced = this.#cluster.replace(parseAddress(server), this.#createClient)
    this.announce('replaced', replaced.name)
    await replaced.retire()
  }

  /** Connects to all servers now rather than at the first command. */
  async connect(): Promise<void> {
    await this.#onAll(undefined, async (client) => client.connect?.())
  }

  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#run(
      key,
      options,
      (client, rest) => client.get<T, D>(key, rest),
      options?.default as D,
    )
  }

  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#run(
      key,
      options,
      (client, rest) => client.gets<T, D>(key, rest),
      options?.default as D,
    )
  }

  gat<T = V, D = undefined>(key: Key, expire?: Expire, options?: GetOptions<D>): Promise<T | D> {
    return this.#run(
      key,
      options,
      (client, rest) => client.gat<T, D>(key, expire, rest),
      options?.default as D,
    )
  }

  gats<T = V, D = undefined>(
    key: Key,
    expire?: Expire,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D> {
    return this.#run(
      key,
      options,
      (client, rest) => client.gats<T, D>(key, expire, rest),
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
    return this.#write(key, options, (client, rest) => client.set(key, value, rest))
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
    return this.#write(key, options, (client, rest) => client.add(key, value, rest))
  }

  replace(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client, rest) => client.replace(key, value, rest))
  }

  append(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client, rest) => client.append(key, value, rest))
  }

  prepend(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#write(key, options, (client, rest) => client.prepend(key, value, rest))
  }

  cas(key: Key, value: V, cas: CasToken, options?: StoreOptions): Promise<boolean | undefined> {
    return this.#run<boolean | undefined, StoreOptions>(
      key,
      options,
      (client, rest) => client.cas(key, value, cas, rest),
      false,
      options?.noreply !== true,
    )
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
    return this.#write(key, options, (client, rest) => client.touch(key, expire, rest))
  }

  delete(key: Key, options?: WriteOptions): Promise<boolean> {
    return this.#write(key, options, (client, rest) => client.delete(key, rest))
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
    const { answers, failed } = await this.#onAll(
      options,
      (client, rest) => client.flushAll(rest),
      this.#isAwaited(options),
    )
    return failed.size === 0 && [...answers.values()].every(Boolean)
  }

  /**
   * Statistics of every server, by its name; with `ignoreExc` without those that failed.
   *
   * @throws MemcachePartialError whose `results` are those that came and whose `failed` has server names
   */
  async stats(...args: readonly string[]): Promise<Map<string, Stats>> {
    const { answers } = await this.#onAll(undefined, (client) => {
      if (client.stats === undefined) throw new MemcacheError('this server’s client has no stats')
      return client.stats(...args)
    })
    return answers
  }

  /** The version of every server, by its name; failures as in `stats`. */
  async version(options?: CommandOptions): Promise<Map<string, string>> {
    const { answers } = await this.#onAll(options, (client, rest) => {
      if (client.version === undefined)
        throw new MemcacheError('this server’s client has no version')
      return client.version(rest)
    })
    return answers
  }

  /** Lets all connections go; what fails at that is told by the `error` event. */
  async quit(): Promise<void> {
    await Promise.all(this.#cluster.servers.map((server) => this.#quitOne(server)))
  }

  /** Lets what is under way finish on all servers, whatever their state, then closes for good. */
  close(): Promise<void> {
    this.#closed ??= this.#finish()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * What calls wait for, each no longer than its timeout, while there is no server; `undefined` if none
   * is to come. For subclasses that find their servers themselves.
   */
  protected awaitServers(): Promise<void> | undefined {
    return undefined
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
  #run<T, O extends CommandOptions>(
    key: Key,
    options: O | undefined,
    command: ServerCommand<V, T, O | undefined>,
    fallback: T,
    isProof = true,
  ): Promise<T> {
    try {
      this.#begin()
      const server = this.#serverFor(key)
      // A call that is refused meets no client that would check its key.
      if (server?.health.state !== 'healthy') this.#keys.encode(key)
      const answer =
        server?.run(command, options, isProof) ??
        this.#whenServersCome(options, (rest) => this.#runLate(key, rest, command, isProof))
      return this.#settings.ignoreExc ? orOnError(answer, fallback) : answer
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #runLate<T, O extends CommandOptions>(
    key: Key,
    options: O | undefined,
    command: ServerCommand<V, T, O | undefined>,
    isProof: boolean,
  ): Promise<T> {
    const server = this.#serverFor(key)
    if (server === undefined) throw allServersDown()
    return server.run(command, options, isProof)
  }

  /** Runs the call, after a wait if servers are still to come. */
  #whenServersCome<T, O extends CommandOptions>(
    options: O | undefined,
    call: (options: O | undefined) => Promise<T>,
  ): Promise<T> {
    const servers = this.#cluster.isEmpty ? this.awaitServers() : undefined
    return servers === undefined ? call(options) : this.#waiting.run(servers, options, call)
  }

  #write<T, O extends WriteOptions>(
    key: Key,
    options: O | undefined,
    command: ServerCommand<V, T, O | undefined>,
  ): Promise<T | false> {
    return this.#run<T | false, O>(key, options, command, false, this.#isAwaited(options))
  }

  #count(
    verb: 'incr' | 'decr',
    key: Key,
    delta: number | bigint | undefined,
    options: WriteOptions | undefined,
  ): Promise<never> {
    return this.#run<unknown, WriteOptions>(
      key,
      options,
      (client, rest) => client[verb](key, delta as number, rest),
      undefined,
      options?.noreply !== true,
    ) as Promise<never>
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
    if (call.items.length === 0) return new Map()
    // All of them are checked before any is sent.
    for (const item of call.items) this.#keys.encode(call.keyOf(item))
    const { failed, anyCame } = await this.#whenServersCome(call.options, (options) =>
      runManyKeys({ ...call, options }, (key) => this.#serverFor(key), results, this.#settings),
    ).catch((error) => allFailed(call, error))
    throwFailures(results, failed, anyCame, this.#settings.ignoreExc)
    return failed
  }

  /** Runs a command on every server at once; what failed is answered only with `ignoreExc`. */
  async #onAll<T, O extends CommandOptions>(
    options: O | undefined,
    command: ServerCommand<V, T, O | undefined>,
    isProof = true,
  ): Promise<AllServersOutcome<T>> {
    this.#begin()
    const outcome = await this.#whenServersCome(options, (rest) =>
      runOnAll(this.#cluster.servers, command, rest, isProof),
    ).catch((error) => ({ answers: new Map<string, T>(), failed: new Map([['', error]]) }))
    const { answers, failed } = outcome
    throwFailures(answers, failed, answers.size > 0, this.#settings.ignoreExc)
    return outcome
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
    if (this.#closed !== undefined) throw closedError()
    this.#cluster.probeDead()
  }

  /** Servers may come until the last call that waits for them has them. @throws MemcacheClosedError */
  #assertOpen(): void {
    if (this.#closed !== undefined && this.#waiting.isEmpty) throw closedError()
  }

  async #finish(): Promise<void> {
    await this.#waiting.settled()
    await Promise.all(this.#cluster.servers.map((server) => server.retire()))
  }
}

function closedError(): MemcacheClosedError {
  return new MemcacheClosedError('the client is closed', { written: false })
}
