import {
  type CommandOptions,
  type Expire,
  type GetOptions,
  type ItemKey,
  itemKey,
  type Key,
  type Lease,
  type Leased,
  type LeaseOptions,
  type MemcacheClient,
  MemcachePartialError,
  type StoreOptions,
  type ValueWithCas,
  type WriteOptions,
} from '@mc/protocol'
import { Call, type Calls } from './call.ts'
import type { Copies } from './copies.ts'
import { findIn, findManyIn, isFresh, type Level, type Read } from './level.ts'

/** Milliseconds for a release that nobody waits for. */
const RELEASE_TIMEOUT = 1000

/** What calls of one kind do with the caches. */
export class Policies<V> {
  readonly #first: Level<V>
  readonly #older: readonly Level<V>[]
  readonly #copies: Copies<V>
  readonly #calls: Calls
  readonly #deleteFromAll: boolean

  constructor(parts: {
    readonly first: Level<V>
    readonly older: readonly Level<V>[]
    readonly copies: Copies<V>
    readonly calls: Calls
    readonly deleteFromAll: boolean
  }) {
    this.#first = parts.first
    this.#older = parts.older
    this.#copies = parts.copies
    this.#calls = parts.calls
    this.#deleteFromAll = parts.deleteFromAll
  }

  /** Reads down the list until a hit, which is copied into the first cache. */
  read<T, D>(
    key: Key,
    expire: Expire | undefined,
    options: GetOptions<D> = {},
    read: Read<V, T>,
  ): Promise<T | D> {
    return this.#calls.run(options, async (call) => {
      const own = await this.#first.find(call, read)
      if (own !== undefined) return own
      return this.#copies.reading([key], async (reading) => {
        const found = await findIn(call, this.#older, key, read)
        if (found === undefined) return options.default as D
        if (isPast(expire) && this.#copies.warms) {
          await this.#copies.settle(call, [key])
          // A copy that was sent before this call must expire with the item.
          await call.step({}, (its) => read(this.#first.client, its))
        } else void this.#copies.copy(reading, found, expire)
        return found.value
      })
    })
  }

  /** Reads with the CAS token of the first cache, into which an item of an older one is copied first. */
  readWithCas<T, D>(
    key: Key,
    expire: Expire | undefined,
    options: GetOptions<D> = {},
    read: { readonly first: Read<V, ValueWithCas<T>>; readonly older: Read<V, T> },
  ): Promise<ValueWithCas<T> | D> {
    return this.#calls.run(options, async (call) => {
      const own = await this.#first.find(call, read.first)
      if (own !== undefined) return own
      if (!this.#copies.warms) return options.default as D
      return this.#copies.reading([key], async (reading) => {
        const found = await findIn(call, this.#older, key, read.older)
        if (found === undefined) return options.default as D
        if (isPast(expire)) await this.#copies.settle(call, [key])
        await this.#copies.copied(call, reading, [found], expire)
        const copied = await call.step({}, (its) => read.first(this.#first.client, its))
        return copied ?? (options.default as D)
      })
    })
  }

  /** Whether it is the client of the first cache. */
  isFirst(client: MemcacheClient<V>): boolean {
    return client === this.#first.client
  }

  /** The lease of the first cache. Whoever wins it there has what an older cache has, if that is fresh. */
  lease<T>(key: Key, options: LeaseOptions): Promise<Leased<T>> {
    return this.#calls.run(options, async (call) => {
      const lease = (its: CommandOptions): Promise<Leased<T>> =>
        this.#first.client.lease<T>(key, { ...options, ...its })
      const leased = await call.step({}, lease)
      if (!leased.won || leased.kind !== 'placeholder') return leased
      try {
        const found = await findIn(call, this.#older, key, (client, own) => client.get<T>(key, own))
        if (found === undefined || !(await isFresh(call, found))) return leased
        const { value } = found
        const ttl = await this.#fillWith(call, leased, value as never, found.level)
        return { ...leased, kind: 'value', value, won: false, ttl }
      } catch (error) {
        // The next caller is to win, rather than wait for this one.
        void new Call(RELEASE_TIMEOUT)
          .step({}, (own) => this.#first.client.release(leased, own))
          .catch(() => {})
        throw error
      }
    })
  }

  /** Ends a lease with the item of an older cache, or with none if nothing is copied; answers how long it lives. */
  async #fillWith(call: Call, lease: Lease, value: V, level: Level<V>): Promise<number> {
    const { expire } = this.#copies
    const { client } = this.#first
    if (expire === undefined) await call.step({}, (own) => client.release(lease, own))
    else if (await call.step({}, (own) => client.fill(lease, value, { ...own, expire }))) {
      level.countWarmed()
    }
    return expire || Number.POSITIVE_INFINITY
  }

  /**
   * Runs a command that needs an item to be there: on the first cache, and if it has none, once more after
   * the item of an older cache was copied. If another write made that copy void, the command meets what
   * that write left.
   *
   * @param making - runs on the first cache when none has the item
   */
  onItem<R>(
    key: Key,
    options: WriteOptions | undefined,
    command: (client: MemcacheClient<V>, options: WriteOptions) => Promise<R>,
    making?: (client: MemcacheClient<V>, options: WriteOptions) => Promise<R>,
  ): Promise<R> {
    return this.#calls.run(options, async (call) => {
      // A client that does not wait for replies would not say whether the item is there.
      const waits = this.#copies.warms && !options?.noreply
      const run = (what: typeof command): Promise<R> =>
        call.step(waits ? { ...options, noreply: false } : options, (own) =>
          what(this.#first.client, own),
        )
      // Where no copy can be made, one command does both.
      if (!waits) return run(making ?? command)
      const answer = await run(command)
      if (answer !== false && answer !== undefined) return answer
      return this.#copies.reading([key], async (reading) => {
        const found = await findIn(call, this.#older, key, (client, own) => client.get(key, own))
        if (found !== undefined) await this.#copies.copied(call, reading, [found])
        else if (making === undefined) return answer
        return run(making ?? command)
      })
    })
  }

  /** Asks the first cache and, unless `isOfFirst`, on a miss the older ones. Nothing is copied. */
  find<T>(
    key: Key,
    options: CommandOptions | undefined,
    isOfFirst: boolean,
    read: Read<V, T>,
  ): Promise<T | undefined> {
    return this.#calls.run(options, async (call) => {
      const own = await this.#first.find(call, read)
      if (own !== undefined || isOfFirst) return own
      return (await findIn(call, this.#older, key, read))?.value
    })
  }

  /** Those of the keys that any of the caches has. @throws MemcachePartialError */
  hasMany(keys: readonly Key[], options: CommandOptions | undefined): Promise<Set<ItemKey>> {
    return this.#calls.run(options, async (call) => {
      const { found, failed } = await findManyIn(
        call,
        [this.#first, ...this.#older],
        keys,
        async (client, some, own) => {
          const there = await client.hasMany<Key>(some, own)
          return new Map([...there].map((key) => [key, true]))
        },
      )
      return complete(new Set(found.map(({ key }) => itemKey(key))), failed)
    })
  }

  /** Writes to the first cache, so that copies of what was read before are void. */
  store<R>(
    keys: readonly Key[],
    options: StoreOptions | undefined,
    store: (client: MemcacheClient<V>, options: StoreOptions) => Promise<R>,
  ): Promise<R> {
    return this.#calls.run(options, (call) =>
      this.#copies.cancelling(keys, () =>
        call.step(options, (own) => store(this.#first.client, own)),
      ),
    )
  }

  /**
   * The first cache comes last, behind the copies that were sent, so that nothing deleted there can be
   * copied back into it. Half of the time is kept for it.
   */
  remove<R>(
    keysOf: () => readonly Key[],
    options: WriteOptions | undefined,
    remove: (client: MemcacheClient<V>, keys: readonly Key[], options: WriteOptions) => Promise<R>,
  ): Promise<(R | undefined)[]> {
    return this.#calls.run(options, async (call) => {
      const keys = keysOf()
      // Only the reply says that an older cache no longer answers with what was deleted.
      const own = this.#copies.warms ? { ...options, noreply: options?.noreply ?? false } : options
      const removeFrom = (level: Level<V>, its: Call): Promise<R | undefined> =>
        level.remove(its, own, (client, given) => remove(client, keys, given))
      const older = this.#deleteFromAll ? this.#older : []
      const half = call.half()
      const outcomes = await Promise.allSettled(older.map((level) => removeFrom(level, half)))
      await this.#copies.settle(call, keys)
      const first = await this.#copies.cancelling(keys, () => removeFrom(this.#first, call))
      return [first, ...valuesOf(outcomes)]
    })
  }
}

/** Whether an item with this expiry is gone at once. */
function isPast(expire: Expire | undefined): boolean {
  if (expire === undefined) return false
  return typeof expire === 'number' ? expire < 0 : expire.getTime() <= Date.now()
}

/** The results, if nothing failed. @throws MemcachePartialError */
export function complete<R>(results: R, failed: ReadonlyMap<ItemKey, Error>): R {
  if (failed.size > 0) throw new MemcachePartialError(results, failed)
  return results
}

/** What was fulfilled, if all was. @throws the first failure */
export function valuesOf<R>(outcomes: readonly PromiseSettledResult<R>[]): R[] {
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}
