import type { MemcacheClient } from '@mc/protocol'

/** Prices from a slow source, kept for a minute. */
export class PricesWithBug {
  readonly #cache: MemcacheClient
  readonly #load: (article: string) => Promise<number>

  constructor(cache: MemcacheClient, load: (article: string) => Promise<number>) {
    this.#cache = cache
    this.#load = load
  }

  async of(article: string): Promise<number> {
    const key = `price:${article}`
    // A cache that fails is as good as an empty one.
    const cached = await this.#cache.get<number>(key).catch(() => undefined)
    if (cached !== undefined) return cached
    const price = await this.#load(article)
    await this.#cache.set(key, price, { expire: 60 })
    return price
  }
}
