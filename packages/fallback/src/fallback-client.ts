import {
  type CasToken,
  type CommandOptions,
  type Entries,
  type Expire,
  type FlushOptions,
  type GetOptions,
  type ItemKey,
  itemKey,
  type Key,
  keyList,
  type MemcacheClient,
  MemcachePartialError,
  type StoreOptions,
  showAs,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import { type Found, findIn, findManyIn, Level, type LevelCounters, type Read } from './level.ts'

/** How a `FallbackClient` treats the older caches. */
export interface FallbackClientOptions {
  /**
   * Copy what is found in an older cache into the first one, to expire there after this many seconds; 0
   * means never. The copy is an `add`: it never overwrites a newer write. A copy that fails is counted, and
   * fails no call.
   *
   * @default no copies
   */
  readonly warm?: { readonly expire: number } | undefined
  /** Delete from every cache, so that a deleted key does not come back from an older one. @default true */
  readonly deleteFromAll?: boolean | undefined
  /**
   * What a failure of an older cache is to its caller: an `error`, or a `miss` (for deletes: nothing to
   * delete). Failures of the first cache are always errors. @default 'error'
   */
  readonly olderFailures?: 'error' | 'miss' | undefined
}

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
 * @typeParam V - the values that the caches take and give
 */
export class FallbackClient<V = unknown> implements MemcacheClient<V> {
  static {
    showAs(FallbackClient, ({ levels }) => ({ levels }))
  }

  readonly #first: Level<V>
  readonly #older: readonly Level<V>[]
  readonly #warms: boolean
  readonly #warmExpire: number
  readonly #deleteFromAll: boolean
  readonly #copying = new Set<Promise<void>>()

  /**
   * @param clients - newest first
   * @throws TypeError or RangeError for no clients, or an option that cannot be meant
   */
  constructor(clients: readonly MemcacheClient<V>[], options: FallbackClientOptions = {}) {
    const { warm, deleteFromAll = true, olderFailures = 'error' } = options
    if (!Array.isArray(clients)) throw new TypeError('clients must be an array, newest first')
    const [first, ...older] = clients
    if (first === undefined) throw new TypeError('there must be at least one client')
    if (warm !== undefined && !(Number.isInteger(warm.expire) && warm.expire >= 0)) {
      throw new RangeError(`warm.expire must be whole seconds, got ${String(warm.expire)}`)
    }
    if (olderFailures !== 'error' && olderFailures !== 'miss') {
      throw new TypeError(`olderFailures must be 'error' or 'miss', got ${String(olderFailures)}`)
    }
    this.#first = new Level(first, 'reject')
    this.#older = older.map((client) => new Level(client, olderFailures))
    this.#warms = warm !== undefined
    this.#warmExpire = warm?.expire ?? 0
    this.#deleteFromAll = deleteFromAll
  }

  /** What happened at each cache so far, newest first: when the older ones have few hits, the first is warm. */
  get levels(): readonly LevelCounters[] {
    return [this.#first, ...this.#older].map((level) => level.counters)
  }

  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#read<T, D>(key, undefined, options, (client, rest) => client.get(key, rest))
  }

  gat<T = V, D = undefined>(key: Key, expire: Expire = 0, options?: GetOptions<D>): Promise<T | D> {
    return this.#read<T, D>(key, expire, options, (client, rest) => client.gat(key, expire, rest))
  }

  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#readWithCas<T, D>(key, undefined, options, {
      first: (client, rest) => client.gets(key, rest),
      older: (client, rest) => client.get(key, rest),
    })
  }

  gats<T = V, D = undefined>(
    key: Key,
    expire: Expire = 0,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D> {
    return this.#readWithCas<T, D>(key, expire, options, {
      first: (client, rest) => client.gats(key, expire, rest),
      older: (client, rest) => client.gat(key, expire, rest),
    })
  }

  async getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>> {
    const wanted = keyList(keys)
    if (wanted.length === 0) return new Map()
    const own = await this.#first.findMany(
      wanted,
      (client, some) => client.getMany<T>(some, options),
      options,
    )
    const { found, failed } = await findManyIn<V, T>(this.#older, own.missing, options)
    for (const item of found) this.#copyLater(item)
    return complete(
      new Map([...own.found, ...found].map((it) => [itemKey(it.key), it.value])),
      failed,
    )
  }

  async getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>> {
    const wanted = keyList(keys)
    if (wanted.length === 0) return new Map()
    const own = await this.#first.findMany(
      wanted,
      (client, some) => client.getsMany<T>(some, options),
      options,
    )
    const results = new Map(own.found.map((it) => [itemKey(it.key), it.value]))
    if (!this.#warms) return results
    const { found, failed } = await findManyIn<V, T>(this.#older, own.missing, options)
    if (found.length > 0) {
      await Promise.all(found.map((item) => this.#copy(item)))
      const copied = await this.#first.client.getsMany<T>(
        found.map((item) => item.key),
        options,
      )
      for (const [key, value] of copied) results.set(key, value)
    }
    return complete(results, failed)
  }

  set(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#first.client.set(key, value, options)
  }

  setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]> {
    return this.#first.client.setMany(entries, options)
  }

  add(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#first.client.add(key, value, options)
  }

  cas(key: Key, value: V, cas: CasToken, options?: StoreOptions): Promise<boolean | undefined> {
    return this.#first.client.cas(key, value, cas, options)
  }

  replace(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#onItem(key, options, (client, told) => client.replace(key, value, told))
  }

  append(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#onItem(key, options, (client, told) => client.append(key, value, told))
  }

  prepend(key: Key, value: V, options?: StoreOptions): Promise<boolean> {
    return this.#onItem(key, options, (client, told) => client.prepend(key, value, told))
  }

  touch(key: Key, expire: Expire = 0, options?: WriteOptions): Promise<boolean> {
    return this.#onItem(key, options, (client, told) => client.touch(key, expire, told))
  }

  incr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  incr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  incr(
    key: Key,
    delta: number | bigint = 1,
    options?: WriteOptions,
  ): Promise<number | bigint | undefined> {
    return this.#onItem<number | bigint | undefined>(key, options, (client, told) =>
      typeof delta === 'bigint' ? client.incr(key, delta, told) : client.incr(key, delta, told),
    )
  }

  decr(key: Key, delta?: number, options?: WriteOptions): Promise<number | undefined>
  decr(key: Key, delta: bigint, options?: WriteOptions): Promise<bigint | undefined>
  decr(
    key: Key,
    delta: number | bigint = 1,
    options?: WriteOptions,
  ): Promise<number | bigint | undefined> {
    return this.#onItem<number | bigint | undefined>(key, options, (client, told) =>
      typeof delta === 'bigint' ? client.decr(key, delta, told) : client.decr(key, delta, told),
    )
  }

  /** `true` if any of the caches had it. */
  async delete(key: Key, options?: WriteOptions): Promise<boolean> {
    const answers = await this.#remove((client) => client.delete(key, options), options)
    return answers.includes(true)
  }

  async deleteMany(keys: Iterable<Key>, options?: WriteOptions): Promise<true> {
    const all = keyList(keys)
    await this.#remove((client) => client.deleteMany(all, options), options)
    return true
  }

  /** Empties the first cache. The older ones keep their items, which reads then find there. */
  flushAll(options?: FlushOptions): Promise<boolean> {
    return this.#first.client.flushAll(options)
  }

  /** Lets the connections of all caches go. */
  async quit(): Promise<void> {
    await this.#all((client) => client.quit())
  }

  /** Waits for copies under way, then closes all the clients. */
  async close(): Promise<void> {
    await Promise.all(this.#copying)
    await this.#all((client) => client.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #read<T, D>(
    key: Key,
    expire: Expire | undefined,
    options: GetOptions<D> = {},
    read: Read<V, T>,
  ): Promise<T | D> {
    const { default: missing, ...rest } = options
    const own = await this.#first.find(read, rest)
    if (own !== undefined) return own
    const found = await findIn(this.#older, key, read, rest)
    if (found === undefined) return missing as D
    this.#copyLater(found, expire)
    return found.value
  }

  async #readWithCas<T, D>(
    key: Key,
    expire: Expire | undefined,
    options: GetOptions<D> = {},
    read: { readonly first: Read<V, ValueWithCas<T>>; readonly older: Read<V, T> },
  ): Promise<ValueWithCas<T> | D> {
    const { default: missing, ...rest } = options
    const own = await this.#first.find(read.first, rest)
    if (own !== undefined) return own
    if (!this.#warms) return missing as D
    const found = await findIn(this.#older, key, read.older, rest)
    if (found === undefined) return missing as D
    await this.#copy(found, expire)
    return (await read.first(this.#first.client, rest)) ?? (missing as D)
  }

  /**
   * Runs a command that needs an item to be there: on the first cache, and if it has none, once more after
   * the item of an older cache was copied.
   */
  async #onItem<R>(
    key: Key,
    options: WriteOptions | undefined,
    command: (client: MemcacheClient<V>, options: WriteOptions | undefined) => Promise<R>,
  ): Promise<R> {
    const { client } = this.#first
    if (!this.#warms || options?.noreply) return command(client, options)
    // A client that does not wait for replies would not say whether the item is there.
    const told = { ...options, noreply: false }
    const answer = await command(client, told)
    if (answer !== false && answer !== undefined) return answer
    const { signal, timeout } = told
    const found = await findIn(this.#older, key, (it) => it.get(key, { signal, timeout }), told)
    if (found === undefined) return answer
    await this.#copy(found)
    return command(client, told)
  }

  /** The first cache comes last, so that nothing deleted there can be copied back into it. */
  async #remove<R>(
    remove: (client: MemcacheClient<V>) => Promise<R>,
    options: CommandOptions | undefined,
  ): Promise<(R | undefined)[]> {
    if (!this.#deleteFromAll) return [await this.#first.remove(remove, options)]
    const older = await Promise.allSettled(
      this.#older.map((level) => level.remove(remove, options)),
    )
    await Promise.all(this.#copying)
    const own = await this.#first.remove(remove, options)
    return [own, ...valuesOf(older)]
  }

  #copyLater<T>(found: Found<V, T>, expire?: Expire): void {
    if (!this.#warms) return
    const copying = this.#copy(found, expire).finally(() => this.#copying.delete(copying))
    this.#copying.add(copying)
  }

  /** Never fails. Waits for the reply, as only that tells whether there was a newer item. */
  async #copy<T>(found: Found<V, T>, expire: Expire = this.#warmExpire): Promise<void> {
    const { level, key, value } = found
    try {
      const options = { expire, noreply: false }
      if (await this.#first.client.add(key, value as unknown as V, options)) level.countWarmed()
    } catch {
      this.#first.countError()
    }
  }

  async #all(action: (client: MemcacheClient<V>) => Promise<void>): Promise<void> {
    const levels = [this.#first, ...this.#older]
    valuesOf(await Promise.allSettled(levels.map((level) => action(level.client))))
  }
}

/** The results, if nothing failed. */
function complete<R>(results: R, failed: ReadonlyMap<ItemKey, Error>): R {
  if (failed.size > 0) throw new MemcachePartialError(results, failed)
  return results
}

/** What was fulfilled, if all was. @throws the first failure */
function valuesOf<R>(outcomes: readonly PromiseSettledResult<R>[]): R[] {
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}
