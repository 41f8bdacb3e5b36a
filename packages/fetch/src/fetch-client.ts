import {
  type CommandOptions,
  ForwardingClient,
  type ItemKey,
  itemKey,
  type Key,
  type MemcacheClient,
  MemcacheIllegalInputError,
  MemcacheUnsupportedError,
  type MethodTraits,
} from '@mc/protocol'
import { checkEventNames, closedError, keyList, kindOf, mustBe, showAs } from '@mc/protocol/toolkit'
import { Batch } from './batch.ts'
import { Gate } from './gate.ts'
import { type FetchHost, KeyFetch, type KeyRequest } from './key-fetch.ts'
import { Loads } from './loads.ts'
import {
  checkDefaults,
  type FetchDefaults,
  type FetchOptions,
  type FetchSettings,
  fetchSettings,
  type LoadContext,
  type LoadManyContext,
} from './options.ts'
import { type FetchCounters, Telemetry } from './telemetry.ts'

/** Events of a `FetchClient`. None of them needs a listener. */
export interface FetchClientEvents {
  /** A load in the background has failed, or a value could not be stored. */
  error: [error: Error]
  /** Something that was asked for cannot be had from this server, such as stale windows in the text dialect. Once. */
  warning: [warning: MemcacheUnsupportedError]
}

/** What many keys are given to loaders as. */
type ItemOf<K extends Key> = K extends string ? string : ItemKey

/**
 * Reads through a cache, with the leases of memcached: of all callers in all processes that miss a value one loads it,
 * the others wait or have the old one, and no value that was loaded before an invalidation is stored or answered after it.
 *
 * It has all methods of `MemcacheClient`, which it hands to the client that it wraps. The cache never fails a call: if it
 * cannot be read, the value is loaded, once at a time in each process, and not stored.
 *
 * @typeParam V - the values that the client takes and gives
 */
export class FetchClient<V = unknown> extends ForwardingClient<
  V,
  MemcacheClient<V>,
  FetchClientEvents
> {
  static {
    showAs(FetchClient, ({ fetches, loading }) => ({ fetches, loading }))
    checkEventNames<FetchClientEvents>(FetchClient, { error: true, warning: true })
  }

  /** The client that it reads and writes with. */
  readonly client: MemcacheClient<V>

  readonly #defaults: FetchDefaults<never>
  readonly #host: FetchHost
  readonly #telemetry = new Telemetry()
  /** Of calls without options. */
  #plain: FetchSettings | undefined
  /** Of the last call with options: most calls have the same options as the one before. */
  #last: { readonly options: object; readonly settings: FetchSettings } | undefined
  #isClosed = false
  #hasWarned = false

  /** @throws TypeError or RangeError for an invalid option */
  constructor(client: MemcacheClient<V>, defaults: FetchDefaults<never> = {}) {
    super()
    if (typeof client !== 'object' || client === null) {
      mustBe('client', 'a memcached client', client)
    }
    checkDefaults(defaults)
    this.client = client
    this.#defaults = { ...defaults }
    const host = {
      client: client as MemcacheClient<never> as MemcacheClient,
      telemetry: this.#telemetry,
      onError: (error: Error) => this.announce('error', error),
      onUntimed: () => this.#warn(),
    }
    this.#host = { ...host, loads: new Loads(host) }
  }

  /** Keys by the outcome of their calls, and loads, so far. */
  get fetches(): FetchCounters {
    return this.#telemetry.counters
  }

  /** Loads of this process whose values are not stored yet. */
  get loading(): number {
    return this.#host.loads.inFlight
  }

  get maxKeyLength(): number {
    return this.client.maxKeyLength
  }

  /**
   * The value of a key: from the cache, or else from `load`, whose value is stored. `undefined` from `load` says that there
   * is none, which is remembered for `negativeExpire`.
   *
   * Change the source first, then await `invalidate`: no call that begins after that answers an older value.
   *
   * @throws what `load` throws; MemcacheLoadTimeoutError; the signal's reason; MemcacheIllegalInputError
   */
  fetch<T = V, S = T>(
    key: Key,
    load: (context: LoadContext<S>) => T | Promise<T>,
    options?: FetchOptions<NoInfer<T>>,
  ): Promise<T> {
    // Not async, as it sits on the hot path.
    let settings: FetchSettings
    try {
      settings = this.#begin(load, options)
    } catch (error) {
      return this.#telemetry.refused(error)
    }
    return this.#one({ key, load: load as KeyRequest['load'], settings }) as Promise<T>
  }

  /**
   * The values of those keys that have one. One call of `load` for all that this call is to load: it answers a Map of the
   * values that there are.
   *
   * @throws as `fetch`; of several failures the first
   */
  async fetchMany<T = V, const K extends Key = Key>(
    keys: Iterable<K>,
    load: (
      keys: ItemOf<K>[],
      context: LoadManyContext,
    ) => ReadonlyMap<ItemOf<K>, T> | Promise<ReadonlyMap<ItemOf<K>, T>>,
    options?: FetchOptions<NoInfer<T>>,
  ): Promise<Map<ItemOf<K>, T>> {
    let settings: FetchSettings
    let list: readonly Key[]
    try {
      settings = this.#begin(load, options)
      list = keyList(keys)
    } catch (error) {
      return this.#telemetry.refused(error)
    }
    const batch = new Batch(load as never)
    // What is to be loaded is known when all are read.
    const gate = new Gate(list.length)
    const answers = await Promise.allSettled(
      list.map((key) => {
        const own: KeyRequest['load'] = ({ signal }) => batch.request(itemKey(key), signal)
        return this.#one({ key, load: own, settings }, gate)
      }),
    )
    const found = new Map<ItemKey, unknown>()
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'rejected') throw answer.reason
      if (answer.value !== undefined) found.set(itemKey(list[index] as Key), answer.value)
    }
    return found as Map<ItemOf<K>, T>
  }

  quit(): Promise<void> {
    return this.client.quit()
  }

  /** Waits until loads have settled and their values are stored, then closes the client. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#host.loads.settled()
    await this.client.close()
  }

  protected override forward<R, O extends CommandOptions>(
    _method: MethodTraits,
    _key: Key | undefined,
    options: O | undefined,
    call: (client: MemcacheClient<V>, options: O | undefined) => Promise<R>,
  ): Promise<R> {
    return call(this.client, options)
  }

  /** The settings of a call. @throws MemcacheClosedError, MemcacheIllegalInputError, the signal's reason */
  #begin(load: unknown, options: FetchDefaults<never> | undefined): FetchSettings {
    if (this.#isClosed) throw closedError()
    checkLoader(load)
    const settings = this.#settings(options)
    settings.signal?.throwIfAborted()
    return settings
  }

  #settings(options: FetchDefaults<never> | undefined): FetchSettings {
    if (options === undefined) {
      this.#plain ??= fetchSettings(this.#defaults, options)
      return this.#plain
    }
    if (this.#last !== undefined && isSame(this.#last.options, options)) return this.#last.settings
    const settings = fetchSettings(this.#defaults, options)
    // A signal is not kept beyond its call.
    if (settings.signal === undefined) this.#last = { options: { ...options }, settings }
    return settings
  }

  #one(request: KeyRequest, gate?: Gate): Promise<unknown> {
    return this.#telemetry.fetch((trace) => new KeyFetch(this.#host, request, trace).run(gate))
  }

  #warn(): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const message =
      'the server does not answer times to live: staleWhileRevalidate, staleIfError and refreshAhead do nothing'
    this.announce('warning', new MemcacheUnsupportedError(message))
  }
}

function checkLoader(load: unknown): void {
  if (typeof load === 'function') return
  throw new MemcacheIllegalInputError(`the loader must be a function, got ${kindOf(load)}`)
}

function isSame(last: object, options: object): boolean {
  if (typeof options !== 'object' || options === null) return false
  const names = Object.keys(options) as (keyof typeof options)[]
  if (names.length !== Object.keys(last).length) return false
  for (const name of names) if (!(name in last) || last[name] !== options[name]) return false
  return true
}
