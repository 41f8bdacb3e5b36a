import type { MemcacheClient } from '@mc/protocol'
import { checkNumber } from '@mc/protocol/toolkit'
import type { Keys } from '../kit/keys.ts'
import { prefixed, type RateLimitStoreOptions } from './options.ts'
import { WindowCounters, type WindowState } from './window-counters.ts'

/** The hits of a visitor, and when they are forgotten. */
export interface RateLimitHits {
  /** Hits in the window, this one included. */
  readonly totalHits: number
  /** When the window ends. */
  readonly resetTime: Date
}

/**
 * A store for express-rate-limit and hono-rate-limiter. One command counts a hit; a window lasts exactly `windowMs`.
 *
 * When memcached fails its calls reject, which is what `passOnStoreError` of express-rate-limit is for.
 */
export class MemcacheRateLimitStore {
  /** All processes count together: the frameworks look for keys that are counted twice. */
  readonly localKeys = false
  /** What all keys of the store begin with. */
  readonly prefix: string
  readonly #counters: WindowCounters
  readonly #keys: Keys
  #windowMs: number | undefined

  /** @throws TypeError or RangeError for an invalid option */
  constructor(client: MemcacheClient, options: RateLimitStoreOptions = {}) {
    const { prefix, keys } = prefixed(client, options)
    this.prefix = prefix
    this.#keys = keys
    this.#counters = new WindowCounters(client)
  }

  /**
   * Called by the framework with its own options.
   *
   * @throws RangeError unless `windowMs` is a number above 0
   */
  init(options: { readonly windowMs: number }): void {
    this.#windowMs = checkNumber('windowMs', options.windowMs, { min: 1, unit: 'milliseconds' })
  }

  /** Counts a hit. */
  async increment(key: string): Promise<RateLimitHits> {
    const windowMs = this.#windowMs
    if (windowMs === undefined)
      throw new TypeError('the store must be initialized: call init first')
    return this.#hits(await this.#counters.hit(this.#keys.key(key), 1, windowMs))
  }

  /** Takes a hit back; of a window without hits none. */
  async decrement(key: string): Promise<void> {
    const window = await this.#counters.change(this.#keys.key(key), -1)
    if (window !== undefined && window.hits < 0) await this.#counters.change(this.#keys.key(key), 1)
  }

  /** Forgets the visitor's hits. */
  async resetKey(key: string): Promise<void> {
    await this.#counters.delete(this.#keys.key(key))
  }

  /** The hits so far, or `undefined` if there are none. */
  async get(key: string): Promise<RateLimitHits | undefined> {
    const window = await this.#counters.read(this.#keys.key(key))
    return window && this.#hits(window)
  }

  /** A machine whose clock is fast may have opened the window: it is not longer for that. */
  #hits({ hits, remaining }: WindowState): RateLimitHits {
    const wait = Math.min(remaining, this.#windowMs ?? remaining)
    return { totalHits: hits, resetTime: new Date(Date.now() + wait) }
  }
}
