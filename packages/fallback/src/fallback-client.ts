import {
  type CasOptions,
  type CasToken,
  type CommandOptions,
  type DefaultTo,
  type Deleted,
  type DeleteManyOptions,
  type Entries,
  type Expire,
  type FlushOptions,
  type GetOptions,
  type ItemKey,
  itemKey,
  type Key,
  type MemcacheClient,
  type StoreOptions,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import { Deadline, entryPairs, keyList, mustBe, showAs, traceMethods } from '@mc/protocol/toolkit'
import { Calls } from './call.ts'
import { Copies } from './copies.ts'
import { FallbackLeaseClient } from './lease-client.ts'
import { findManyIn, Level, type LevelCounters } from './level.ts'
import { type FallbackClientOptions, fallbackSettings } from './options.ts'
import { complete, Policies, valuesOf } from './policies.ts'

/** Milliseconds that the close of each client may take. */
const CLOSE_LIMIT = 30_000

/**
 * A list of caches, newest first, to move from one fleet to another. Reads go down the list until a hit,
 * asking older caches only for what is missing; writes go to the first.
 *
 * CAS tokens are those of the first cache, as only there they mean anything. So `gets`, `getsMany` and
 * `gats` answer an item of an older cache only when `warm` is set: it is copied first, then read with its
 * new token. In the same way `warm` lets `incr`, `decr`, `append`, `prepend`, `replace` and `touch` work
 * on an item that only an older cache has; without it, they find nothing. `add` and `cas` ask the first
 * cache alone.
 *
 * A write makes the copies void of reads that this client began before it, so that no copy brings back what
 * was deleted. Other processes know nothing of it: what they have read, they may still copy.
 *
 * @typeParam V - the values that the caches take and give
 */
export class FallbackClient<V = unknown>
  extends FallbackLeaseClient<V>
  implements MemcacheClient<V>
{
  static {
    showAs(FallbackClient, ({ levels }) => ({ levels }))
    traceMethods(FallbackClient.prototype)
  }

  readonly #first: Level<V>
  readonly #older: readonly Level<V>[]
  protected readonly policies: Policies<V>
  readonly #copies: Copies<V>
  readonly #calls: Calls
  #closing: Promise<void> | undefined

  /**
   * @param clients - newest first
   * @throws TypeError or RangeError for no clients, or an invalid option
   */
  constructor(clients: readonly MemcacheClient<V>[], options: FallbackClientOptions = {}) {
    super()
    if (!Array.isArray(clients)) mustBe('clients', 'an array, newest first', clients)
    const [first, ...older] = clients
    if (first === undefined) throw new TypeError('clients must be at least one client, got none')
    const { warmExpire, deleteFromAll, olderFailures, timeout } = fallbackSettings(options)
    this.#first = new Level(first, 'reject')
    this.#older = older.map((client) => new Level(client, olderFailures))
    this.#copies = new Copies(this.#first, warmExpire, timeout)
    this.#calls = new Calls(timeout)
    this.policies = new Policies({
      first: this.#first,
      older: this.#older,
      copies: this.#copies,
      calls: this.#calls,
      deleteFromAll,
    })
  }

  /** What happened at each cache so far, newest first: when the older ones have few hits, the first is warm. */
  get levels(): readonly LevelCounters[] {
    return [this.#first, ...this.#older].map((level) => level.counters)
  }

  /** The least of all caches. */
  get maxKeyLength(): number {
    return Math.min(...[this.#first, ...this.#older].map(({ client }) => client.maxKeyLength))
  }

  get<T = V>(key: Key, options: DefaultTo<null>): Promise<T | null>
  get<T = V>(key: Key, options: DefaultTo<NoInfer<T>>): Promise<T>
  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D>
  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.policies.read<T, D>(key, undefined, options, (client, own) => client.get(key, own))
  }

  gat<T = V>(key: Key, expire: Expire | undefined, options: DefaultTo<null>): Promise<T | null>
  gat<T = V>(key: Key, expire: Expire | undefined, options: DefaultTo<NoInfer<T>>): Promise<T>
  gat<T = V, D = undefined>(key: Key, expire?: Expire, options?: GetOptions<D>): Promise<T | D>
  gat<T = V, D = undefined>(key: Key, expire: Expire = 0, options?: GetOptions<D>): Promise<T | D> {
    return this.policies.read<T, D>(key, expire, options, (client, own) =>
      client.gat(key, expire, own),
    )
  }

  gets<T = V>(key: Key, options: DefaultTo<null>): Promise<ValueWithCas<T> | null>
  gets<T = V>(key: Key, options: DefaultTo<NoInfer<ValueWithCas<T>>>): Promise<ValueWithCas<T>>
  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D>
  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.policies.readWithCas<T, D>(key, undefined, options, {
      first: (client, own) => client.gets(key, own),
      older: (client, own) => client.get(key, own),
    })
  }

  gats<T = V>(
    key: Key,
    expire: Expire | undefined,
    options: DefaultTo<null>,
  ): Promise<ValueWithCas<T> | null>
  gats<T = V>(
    key: Key,
    expire: Expire | undefined,
    options: DefaultTo<NoInfer<ValueWithCas<T>>>,
  ): Promise<ValueWithCas<T>>
  gats<T = V, D = undefined>(
    key: Key,
    expire?: Expire,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D>
  gats<T = V, D = undefined>(
    key: Key,
    expire: Expire = 0,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D> {
    return this.policies.readWithCas<T, D>(key, expire, options, {
      first: (client, own) => client.gats(key, expire, own),
      older: (client, own) => client.gat(key, expire, own),
    })
  }

  getMany<T = V>(keys: Iterable<string>, options?: CommandOptions): Promise<Map<string, T>>
  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>>
  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>> {
    return this.#calls.run(options, async (call) => {
      const wanted = keyList(keys)
      if (wanted.length === 0) return new Map()
      const own = await this.#first.findMany(call, wanted, (client, some, its) =>
        client.getMany<T>(some, its),
      )
      return this.#copies.reading(own.missing, async (reading) => {
        const { found, failed } = await findManyIn<V, T>(
          call,
          this.#older,
          own.missing,
          (client, some, its) => client.getMany<T>(some, its),
        )
        for (const item of found) void this.#copies.copy(reading, item)
        const hits = [...own.found, ...found]
        return complete(new Map(hits.map((it) => [itemKey(it.key), it.value])), failed)
      })
    })
  }

  getsMany<T = V>(
    keys: Iterable<string>,
    options?: CommandOptions,
  ): Promise<Map<string, ValueWithCas<T>>>
  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>>
  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>> {
    return this.#calls.run(options, async (call) => {
      const wanted = keyList(keys)
      if (wanted.length === 0) return new Map()
      const own = await this.#first.findMany(call, wanted, (client, some, its) =>
        client.getsMany<T>(some, its),
      )
      const results = new Map(own.found.map((it) => [itemKey(it.key), it.value]))
      if (!this.#copies.warms) return results
      return this.#copies.reading(own.missing, async (reading) => {
        const { found, failed } = await findManyIn<V, T>(
          call,
          this.#older,
          own.missing,
          (client, some, its) => client.getMany<T>(some, its),
        )
        if (found.length > 0) {
          await this.#copies.copied(call, reading, found)
          const copied = await call.step({}, (its) =>
            this.#first.client.getsMany<T>(
              found.map((item) => item.key),
              its,
            ),
          )
          for (const [key, value] of copied) results.set(key, value)
        }
        return complete(results, failed)
      })
    })
  }

  set(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.policies.store([key], options, (client, own) => client.set(key, value, own))
  }

  setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]> {
    return this.#calls.run(options, async (call) => {
      const pairs = entryPairs(entries)
      const keys = pairs.map(([key]) => key)
      return this.#copies.cancelling(keys, () =>
        call.step(options, (own) => this.#first.client.setMany(pairs, own)),
      )
    })
  }

  add(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.policies.store([key], options, (client, own) => client.add(key, value, own))
  }

  cas(key: Key, value: V, cas: CasToken, options?: CasOptions): Promise<boolean | undefined> {
    return this.policies.store([key], options, (client, own) => client.cas(key, value, cas, own))
  }

  replace(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.policies.onItem(key, options, (client, own) => client.replace(key, value, own))
  }

  append(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.policies.onItem(key, options, (client, own) => client.append(key, value, own))
  }

  prepend(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.policies.onItem(key, options, (client, own) => client.prepend(key, value, own))
  }

  touch(key: Key, expire: Expire = 0, options?: WriteOptions): Promise<boolean> {
    return this.policies.onItem(key, options, (client, own) => client.touch(key, expire, own))
  }

  /** `true` if any of the caches had it. */
  async delete(key: Key, options?: WriteOptions): Promise<boolean> {
    const answers = await this.policies.remove(
      () => [key],
      options,
      (client, [only], own) => client.delete(only as Key, own),
    )
    return answers.includes(true)
  }

  async deleteMany<const O extends DeleteManyOptions = WriteOptions>(
    keys: Iterable<Key>,
    options?: O,
  ): Promise<Deleted<O>> {
    const list = keyList(keys)
    const answers = await this.policies.remove(
      () => list,
      options,
      (client, all, own) => client.deleteMany<DeleteManyOptions>(all, own),
    )
    if (options?.found !== true) return true as Deleted<O>
    const found = new Set(answers.flatMap((answer) => (Array.isArray(answer) ? answer : [])))
    return list.map(itemKey).filter((key) => found.has(key)) as Deleted<O>
  }

  /** Empties the first cache. The older ones keep their items, which reads then find there. */
  flushAll(options?: FlushOptions): Promise<boolean> {
    return this.#calls.run(options, async (call) => {
      await this.#copies.settle(call)
      return this.#copies.cancelling(undefined, () =>
        call.step(options, (own) => this.#first.client.flushAll(own)),
      )
    })
  }

  /** Lets the connections of all caches go. */
  quit(): Promise<void> {
    if (this.#closing !== undefined) return this.close()
    return this.#calls.run(undefined, (call) =>
      call.deadline.bound(this.#all((client) => client.quit())),
    )
  }

  /** Takes no more calls, lets those in progress and their copies finish, then closes all the clients. */
  close(): Promise<void> {
    // What a client's close failed with is its first caller's.
    if (this.#closing !== undefined) return this.#closing.catch(() => {})
    this.#closing = this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#calls.end()
    await this.#copies.settled()
    // A client of another make may never settle.
    await this.#all((client) => new Deadline(CLOSE_LIMIT).bound(client.close()))
  }

  async #all(action: (client: MemcacheClient<V>) => Promise<void>): Promise<void> {
    const levels = [this.#first, ...this.#older]
    valuesOf(await Promise.allSettled(levels.map((level) => action(level.client))))
  }
}
