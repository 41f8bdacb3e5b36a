import {
  type CommandOptions,
  type ItemKey,
  itemKey,
  type Key,
  type MemcacheClient,
  MemcacheIllegalInputError,
  MemcachePartialError,
  MemcacheUnsupportedError,
  type WriteOptions,
} from '@mc/protocol'
import { toError } from '@mc/protocol/toolkit'
import type { Call } from './call.ts'

/** What happened at one cache of a `FallbackClient`. */
export interface LevelCounters {
  /** Keys asked for and found here. */
  readonly hits: number
  /** Keys asked for and not found here. */
  readonly misses: number
  /** Keys found here whose items were copied into the first cache. */
  readonly warmed: number
  /** Reads and deletes that failed here; at the first cache, copies into it as well. */
  readonly errors: number
}

/**
 * What a failure does: `reject` the call with it, fail the keys that it struck with an `error`, or count
 * as a `miss`.
 */
export type FailurePolicy = 'reject' | 'error' | 'miss'

/** An item and where it was found. */
export interface Found<V, T> {
  readonly level: Level<V>
  readonly key: Key
  readonly value: T
}

/** A command that reads one key; `undefined` is a miss. */
export type Read<V, T> = (
  client: MemcacheClient<V>,
  options: CommandOptions,
) => Promise<T | undefined>

/** A command that reads many keys. */
export type ReadMany<V, T> = (
  client: MemcacheClient<V>,
  keys: readonly Key[],
  options: CommandOptions,
) => Promise<ReadonlyMap<ItemKey, T>>

/** What one cache answers when asked for many keys: each key is in one of the three. */
export interface ManyAnswers<V, T> {
  readonly found: readonly Found<V, T>[]
  readonly missing: readonly Key[]
  readonly failed: ReadonlyMap<ItemKey, Error>
}

/** One cache of the list, with its counters. */
export class Level<V> {
  readonly client: MemcacheClient<V>
  readonly #onFailure: FailurePolicy
  readonly #counters = { hits: 0, misses: 0, warmed: 0, errors: 0 }

  constructor(client: MemcacheClient<V>, onFailure: FailurePolicy) {
    this.client = client
    this.#onFailure = onFailure
  }

  /** The counters as of now. */
  get counters(): LevelCounters {
    return { ...this.#counters }
  }

  countWarmed(): void {
    this.#counters.warmed++
  }

  countError(): void {
    this.#counters.errors++
  }

  /** Asks for one key; `undefined` is a miss. */
  async find<T>(call: Call, read: Read<V, T>): Promise<T | undefined> {
    let value: T | undefined
    try {
      value = await call.step({}, (options) => read(this.client, options))
    } catch (error) {
      return this.#excuse(error, call)
    }
    if (value === undefined) this.#counters.misses++
    else this.#counters.hits++
    return value
  }

  /** Asks for many keys. */
  async findMany<T>(
    call: Call,
    keys: readonly Key[],
    read: ReadMany<V, T>,
  ): Promise<ManyAnswers<V, T>> {
    let hits: ReadonlyMap<ItemKey, T>
    let failed: ReadonlyMap<ItemKey, Error> = new Map()
    try {
      hits = await call.step({}, (options) => read(this.client, keys, options))
    } catch (error) {
      this.countError()
      if (this.#onFailure === 'reject' || isOfTheCaller(error, call)) throw error
      hits = error instanceof MemcachePartialError ? error.results : new Map()
      failed = failuresByKey(error, keys)
    }
    const found = keys.flatMap((key) => {
      const value = hits.get(itemKey(key))
      return value === undefined ? [] : { level: this, key, value }
    })
    const absent = keys.filter((key) => !hits.has(itemKey(key)))
    const missing = absent.filter((key) => !failed.has(itemKey(key)))
    this.#counters.hits += found.length
    this.#counters.misses += missing.length
    if (this.#onFailure === 'miss') return { found, missing: absent, failed: new Map() }
    return { found, missing, failed }
  }

  /** Deletes; `undefined` when that failed and a failure is a miss. */
  async remove<R>(
    call: Call,
    options: WriteOptions | undefined,
    remove: (client: MemcacheClient<V>, options: WriteOptions) => Promise<R>,
  ): Promise<R | undefined> {
    try {
      return await call.step(options, (own) => remove(this.client, own))
    } catch (error) {
      return this.#excuse(error, call)
    }
  }

  /** Nothing, if the failure counts as a miss. @throws the failure otherwise */
  #excuse(error: unknown, call: Call): undefined {
    this.countError()
    if (this.#onFailure !== 'miss' || isOfTheCaller(error, call)) throw error
  }
}

/** The first hit, going down the levels. */
export async function findIn<V, T>(
  call: Call,
  levels: readonly Level<V>[],
  key: Key,
  read: Read<V, T>,
): Promise<Found<V, T> | undefined> {
  for (const level of levels) {
    const value = await level.find(call, read)
    if (value !== undefined) return { level, key, value }
  }
  return undefined
}

/** Whether an item that was found is fresh. A server without meta commands cannot say, so every item is. */
export async function isFresh<V>(call: Call, { level, key }: Found<V, unknown>): Promise<boolean> {
  try {
    const item = await call.step({}, (options) => level.client.inspect(key, options))
    return item?.stale === false
  } catch (error) {
    if (error instanceof MemcacheUnsupportedError) return true
    throw error
  }
}

/** The first hit for each key, asking each level for what is still missing, and the keys that failed. */
export async function findManyIn<V, T>(
  call: Call,
  levels: readonly Level<V>[],
  keys: readonly Key[],
  read: ReadMany<V, T>,
): Promise<Omit<ManyAnswers<V, T>, 'missing'>> {
  const found: Found<V, T>[] = []
  const failed = new Map<ItemKey, Error>()
  let missing = keys
  for (const level of levels) {
    if (missing.length === 0) break
    const answers = await level.findMany(call, missing, read)
    for (const item of answers.found) found.push(item)
    for (const [key, error] of answers.failed) failed.set(key, error)
    missing = answers.missing
  }
  return { found, failed }
}

/** Bad input and an abort are no failures of the cache, and no cache can do better. */
function isOfTheCaller(error: unknown, call: Call): boolean {
  return error instanceof MemcacheIllegalInputError || call.isAborted
}

function failuresByKey(error: unknown, keys: readonly Key[]): ReadonlyMap<ItemKey, Error> {
  if (error instanceof MemcachePartialError) return error.failed
  const failure = toError(error)
  return new Map(keys.map((key) => [itemKey(key), failure]))
}
