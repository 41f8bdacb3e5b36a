import type { MemcacheClient } from '@mc/protocol'

/** What a loader answers, kept in a cache: in time, once for all who ask, and whatever the cache does. */
export class Cached {
  readonly #cache: MemcacheClient
  readonly #loading = new Map<string, Promise<unknown>>()

  constructor(cache: MemcacheClient) {
    this.#cache = cache
  }

  /**
   * The value of a key, loaded if the cache has none. Calls of one key at a time share one load.
   *
   * @param expire - seconds; a tenth more or less by chance, so that keys of one time do not go at one time
   */
  async get<T>(key: string, expire: number, load: () => Promise<T>): Promise<T> {
    // A cache that fails is as good as an empty one.
    const cached = await this.#cache.get<T>(key).catch(() => undefined)
    if (cached !== undefined) return cached
    const loading = this.#loading.get(key) ?? this.#load(key, expire, load)
    return loading as Promise<T>
  }

  #load<T>(key: string, expire: number, load: () => Promise<T>): Promise<T> {
    const loading = load().finally(() => this.#loading.delete(key))
    this.#loading.set(key, loading)
    loading.then(
      (value) => {
        const seconds = Math.max(1, Math.round(expire * (0.9 + Math.random() / 5)))
        this.#cache.set(key, value, { expire: seconds }).catch(() => undefined)
      },
      () => undefined,
    )
    return loading
  }
}
