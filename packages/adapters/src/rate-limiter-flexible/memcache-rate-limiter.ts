import type { MemcacheClient } from '@mc/protocol'
import { checkObject } from '@mc/protocol/toolkit'
import { type IRateLimiterStoreOptions, RateLimiterMemcache } from 'rate-limiter-flexible'
import { Keys } from '../kit/keys.ts'
import { WindowCounters, type WindowState } from '../rate-limit/window-counters.ts'

/** Options of `MemcacheRateLimiter`: those of rate-limiter-flexible's stores. */
export interface MemcacheRateLimiterOptions extends Omit<IRateLimiterStoreOptions, 'storeClient'> {
  /** The client that counts: any of the family. */
  readonly storeClient: MemcacheClient
}

/** What rate-limiter-flexible makes its answer of. */
interface Consumed {
  readonly consumedPoints: number
  /** -1: never. */
  readonly msBeforeNext: number
}

/**
 * A limiter of rate-limiter-flexible whose points are kept in memcached. One command consumes points, and a duration
 * may be a fraction of a second; in place of the two items of its base class it keeps one.
 */
export class MemcacheRateLimiter extends RateLimiterMemcache {
  readonly #counters: WindowCounters
  readonly #keys: Keys

  /** @throws Error, TypeError or RangeError for an invalid option */
  constructor(options: MemcacheRateLimiterOptions) {
    checkObject('the options of a rate limiter', options)
    super(options)
    this.#keys = new Keys('', options.storeClient.maxKeyLength)
    this.#counters = new WindowCounters(options.storeClient)
  }

  /** @internal called by the base class, as are all below */
  async _upsert(
    key: string,
    points: number,
    duration: number,
    isNewWindow = false,
  ): Promise<Consumed> {
    const length = duration > 0 ? duration : Number.POSITIVE_INFINITY
    const stored = this.#keys.key(key)
    if (!isNewWindow) return consumed(await this.#counters.hit(stored, points, length))
    await this.#counters.set(stored, points, length)
    return consumed({ hits: points, remaining: length })
  }

  /** For the base class: the points consumed so far. */
  async _get(key: string): Promise<Consumed | null> {
    const window = await this.#counters.read(this.#keys.key(key))
    return window === undefined ? null : consumed(window)
  }

  /** For the base class: removes the count. */
  _delete(key: string): Promise<boolean> {
    return this.#counters.delete(this.#keys.key(key))
  }
}

function consumed({ hits, remaining }: WindowState): Consumed {
  return {
    consumedPoints: hits,
    msBeforeNext: remaining === Number.POSITIVE_INFINITY ? -1 : remaining,
  }
}
