import type { Cache, CacheEntry, CacheMetadata } from '@epic-web/cachified'
import type { MemcacheClient } from '@mc/protocol'
import { checkOptionNames, optionNames } from '@mc/protocol/toolkit'
import { cacheExpire } from '../kit/expiry.ts'
import { Keys } from '../kit/keys.ts'

/** Options of `CachifiedMemcache`. */
export interface CachifiedMemcacheOptions {
  /** In front of all keys. @default 'cachified:' */
  readonly prefix?: string | undefined
}

const OPTIONS = optionNames<CachifiedMemcacheOptions>({ prefix: true })

/**
 * The cache of `cachified({ cache, … })`. An entry expires on the server when it can no longer be used: after its time to
 * live and the time that it may be stale.
 */
export class CachifiedMemcache implements Cache {
  /** What cachified calls it in its reports. */
  readonly name = 'memcached'
  readonly #client: MemcacheClient
  readonly #keys: Keys

  /** @throws TypeError or RangeError for an invalid option */
  constructor(client: MemcacheClient, options: CachifiedMemcacheOptions = {}) {
    checkOptionNames(options, OPTIONS)
    this.#client = client
    this.#keys = new Keys(options.prefix ?? 'cachified:', client.maxKeyLength)
  }

  /** A miss if it cannot be read: cachified would delete the entry, and fail with the delete. */
  async get<Value>(key: string): Promise<CacheEntry<Value> | undefined> {
    return this.#client.get<CacheEntry<Value>>(this.#keys.key(key)).catch(() => undefined)
  }

  /** Rejects if memcached does not store it, which cachified reports. */
  async set(key: string, entry: CacheEntry): Promise<void> {
    const options = { expire: cacheExpire(timeLeft(entry.metadata)), noreply: false }
    if (await this.#client.set(this.#keys.key(key), entry, options)) return
    throw new Error('memcached has not stored the entry')
  }

  /** Removes a value. @returns whether there was one */
  delete(key: string): Promise<boolean> {
    return this.#client.delete(this.#keys.key(key), { noreply: false })
  }
}

/** Milliseconds until an entry can no longer be used. JSON writes an infinite time as `null`. */
function timeLeft({ createdTime, ttl, swr, swv }: CacheMetadata): number {
  const stale = swr === undefined ? swv : swr
  if (ttl === undefined || ttl === null || stale === null) return Number.POSITIVE_INFINITY
  return createdTime + ttl + (stale ?? 0) - Date.now()
}
