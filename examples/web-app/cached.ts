import type { MemcacheClient } from '@mc/protocol'

/** What a loader answers, kept in a cache: in time, once for all who ask, and whatever the cache does. */
export class Cached {
  readonly #cache: MemcacheClient
  readonly #running = new Map<string, Promise<unknown>>()

  constructor(cache: MemcacheClient) {
    this.#cache = cache
  }

  /**
   * The value of a key, loaded if the cache has none. Calls of one key share one look-up and one load.
   *
   * @param expire - seconds; a tenth more or less by chance, so that keys of one time do not go at one time
   */
  get<T>(key: string, expire: number, load: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) ?? this.#start(key, expire, load)
    return running as Promise<T>
  }

  #start<T>(key: string, expire: number, load: () => Promise<T>): Promise<T> {
    // A cache that fails is as good as an empty one.
    const lookup = this.#cache.get<T>(key).catch(() => undefined)
    const value = lookup.then((cached) => (cached === undefined ? load() : cached))
    this.#running.set(key, value)
    // Shared until it is stored, or who asks in between would load it again. Nobody waits for that.
    this.#store(key, expire, lookup, value)
      .catch(() => undefined)
      .finally(() => this.#running.delete(key))
    return value
  }

  async #store<T>(
    key: string,
    expire: number,
    lookup: Promise<T | undefined>,
    value: Promise<T>,
  ): Promise<void> {
    const loaded = await value
    if ((await lookup) !== undefined) return
    const spread = 0.9 + Math.random() / 5
    await this.#cache.set(key, loaded, { expire: Math.max(1, Math.round(expire * spread)) })
  }
}
