import type { MemcacheClient } from '@mc/protocol'
import { callBack } from '../kit/callback.ts'
import type { Keys } from '../kit/keys.ts'
import { prefixed, type RateLimitStoreOptions } from './options.ts'
import { WindowCounters, type WindowState } from './window-counters.ts'

/** What the store uses of the options of the plugin or of a route. */
export interface FastifyLimits {
  /** Whether a hit over the limit starts the window anew. @default false */
  readonly continueExceeding?: boolean | undefined
  /** Whether each hit over the limit makes the window twice as long. @default false */
  readonly exponentialBackoff?: boolean | undefined
}

/** What the plugin says of a route that has limits of its own. */
export interface FastifyRouteLimits extends FastifyLimits {
  /** The route, whose hits are counted apart. */
  readonly routeInfo?: { readonly method?: string | readonly string[]; readonly url?: string }
}

/** Hits in the window, and the milliseconds until it ends. */
export interface FastifyHits {
  /** Hits in the window, this one included. */
  current: number
  /** Milliseconds until the window ends. */
  ttl: number
}

/** Called with what the plugin asked for, or with the client's error, which `skipOnError` of the plugin passes over. */
export type FastifyCallback = (error: Error | null, hits?: FastifyHits) => void

/** A store of @fastify/rate-limit: of the plugin, or of one route. */
export interface FastifyRateLimitStore {
  /** Counts a hit. */
  incr(key: string, callback: FastifyCallback, timeWindow: number, max: number): void
  /** The hits so far, for `{ increment: false }`. */
  read(key: string, callback: FastifyCallback, timeWindow: number): void
  /** The store of a route with limits of its own, of which the plugin says more than `FastifyRouteLimits`. */
  child(route: FastifyRouteLimits & object): FastifyRateLimitStore
}

/** What @fastify/rate-limit takes as its `store`: it makes the store itself. */
export type FastifyRateLimitStoreClass = new (limits: FastifyLimits) => FastifyRateLimitStore

/**
 * The `store` for @fastify/rate-limit. One command counts a hit, and two more one that is too many, with
 * `continueExceeding` or `exponentialBackoff`; these move the end of the window.
 *
 * @throws TypeError or RangeError for an invalid option
 */
export function fastifyRateLimitStore(
  client: MemcacheClient,
  options: RateLimitStoreOptions = {},
): FastifyRateLimitStoreClass {
  const { keys } = prefixed(client, options)
  const counters = new WindowCounters(client)
  return class extends RouteStore {
    constructor(limits: FastifyLimits) {
      super(counters, keys, limits, [])
    }
  }
}

class RouteStore implements FastifyRateLimitStore {
  readonly #counters: WindowCounters
  readonly #keys: Keys
  readonly #limits: FastifyLimits
  readonly #route: readonly string[]

  constructor(
    counters: WindowCounters,
    keys: Keys,
    limits: FastifyLimits,
    route: readonly string[],
  ) {
    this.#counters = counters
    this.#keys = keys
    this.#limits = limits
    this.#route = route
  }

  incr(key: string, callback: FastifyCallback, timeWindow: number, max: number): void {
    callBack(this.#hit(this.#key(key), timeWindow, max), callback)
  }

  read(key: string, callback: FastifyCallback, timeWindow: number): void {
    callBack(this.#read(this.#key(key), timeWindow), callback)
  }

  child(route: FastifyRouteLimits): FastifyRateLimitStore {
    const { method = '', url = '' } = route.routeInfo ?? {}
    return new RouteStore(this.#counters, this.#keys, route, [String(method), url])
  }

  async #hit(key: string, timeWindow: number, max: number): Promise<FastifyHits> {
    const window = await this.#counters.hit(key, 1, timeWindow)
    const length = this.#extended(window.hits - max, timeWindow)
    if (length === undefined) return this.#hits(window, timeWindow)
    await this.#counters.extend(key, window.hits, length)
    return { current: window.hits, ttl: length }
  }

  async #read(key: string, timeWindow: number): Promise<FastifyHits> {
    const window = await this.#counters.read(key)
    return this.#hits(window ?? { hits: 0, remaining: 0 }, timeWindow)
  }

  /** Milliseconds from now until the window is to end, after a hit that was one too many. */
  #extended(excess: number, timeWindow: number): number | undefined {
    if (excess <= 0) return undefined
    if (this.#limits.continueExceeding) return timeWindow
    if (!this.#limits.exponentialBackoff) return undefined
    return Math.min(timeWindow * 2 ** (excess - 1), Number.MAX_SAFE_INTEGER)
  }

  /** A machine whose clock is fast may have opened the window: it is not longer for that. */
  #hits({ hits, remaining }: WindowState, timeWindow: number): FastifyHits {
    const isLonger = this.#limits.exponentialBackoff === true
    return { current: hits, ttl: isLonger ? remaining : Math.min(remaining, timeWindow) }
  }

  #key(key: string): string {
    return this.#keys.key(this.#route.length === 0 ? key : JSON.stringify([...this.#route, key]))
  }
}
