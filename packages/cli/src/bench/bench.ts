import { randomBytes, randomUUID } from 'node:crypto'
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks'
import { MemcacheConnectError } from '@mc/protocol'
import type { Fleet } from '../fleet.ts'

export interface BenchOptions {
  readonly requests: number
  readonly concurrency: number
  /** Bytes of a value. */
  readonly size: number
  readonly keys: number
  /** Share of the requests that are gets. */
  readonly gets: number
}

/** What a run measured. Latencies are milliseconds. */
export interface BenchResult {
  readonly requests: number
  readonly seconds: number
  readonly perSecond: number
  readonly gets: number
  readonly hits: number
  readonly latency: Readonly<Record<'mean' | 'p50' | 'p90' | 'p99' | 'p99.9' | 'max', number>>
  /** How many requests took up to so long, and longer than the one before. */
  readonly histogram: readonly { readonly ms: number; readonly count: number }[]
  /** How many requests failed, by the code of the error. */
  readonly errors: Readonly<Record<string, number>>
}

/** Gets and sets of keys of its own. */
export class Bench {
  readonly #fleet: Fleet
  readonly #options: BenchOptions
  readonly #names: readonly string[]
  readonly #value: Buffer
  readonly #latency: RecordableHistogram = createHistogram()
  readonly #buckets = new Map<number, number>()
  readonly #errors = new Map<string, number>()
  #left: number
  #gets = 0
  #hits = 0

  constructor(fleet: Fleet, options: BenchOptions) {
    this.#fleet = fleet
    this.#options = options
    this.#left = options.requests
    const prefix = `mc-bench:${randomUUID()}:`
    this.#names = Array.from({ length: options.keys }, (_, i) => prefix + i)
    this.#value = randomBytes(options.size)
  }

  /**
   * Stores all keys, makes the requests, and deletes the keys.
   *
   * @throws MemcacheConnectError if no server could be reached
   */
  async run(signal: AbortSignal): Promise<BenchResult> {
    const { cache } = this.#fleet
    const expire = 3600
    try {
      await cache.setMany(
        this.#names.map((name) => [name, this.#value] as const),
        { expire },
      )
    } catch (error) {
      if (error instanceof MemcacheConnectError) throw error
      this.#count(error)
    }
    const start = performance.now()
    await Promise.all(
      Array.from({ length: this.#options.concurrency }, async () => {
        while (this.#left-- > 0 && !signal.aborted) await this.#request()
      }),
    )
    const seconds = (performance.now() - start) / 1000
    await cache.deleteMany(this.#names).catch(() => {})
    return this.#result(seconds)
  }

  async #request(): Promise<void> {
    const { cache } = this.#fleet
    const name = this.#names[Math.floor(Math.random() * this.#names.length)] as string
    const start = performance.now()
    try {
      if (Math.random() < this.#options.gets) {
        this.#gets++
        if ((await cache.get(name)) !== undefined) this.#hits++
      } else await cache.set(name, this.#value, { expire: 3600 })
      this.#record(performance.now() - start)
    } catch (error) {
      this.#count(error)
    }
  }

  #record(ms: number): void {
    this.#latency.record(Math.max(1, Math.round(ms * 1000)))
    // Steps of 1, 2 and 5, from 10 microseconds on.
    let bound = 0.01
    for (let i = 0; ms > bound; i++)
      bound = Number((bound * (i % 3 === 1 ? 2.5 : 2)).toPrecision(3))
    this.#buckets.set(bound, (this.#buckets.get(bound) ?? 0) + 1)
  }

  #count(error: unknown): void {
    const { code = 'UNKNOWN' } = error as { code?: string }
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
  }

  #result(seconds: number): BenchResult {
    const { count, mean, max } = this.#latency
    const ms = (microseconds: number): number => (count === 0 ? 0 : microseconds / 1000)
    const at = (percentile: number): number => ms(this.#latency.percentile(percentile))
    return {
      requests: count,
      seconds,
      perSecond: Math.round(count / seconds),
      gets: this.#gets,
      hits: this.#hits,
      latency: {
        mean: ms(mean),
        p50: at(50),
        p90: at(90),
        p99: at(99),
        'p99.9': at(99.9),
        max: ms(max),
      },
      histogram: [...this.#buckets]
        .sort(([a], [b]) => a - b)
        .map(([bound, times]) => ({ ms: bound, count: times })),
      errors: Object.fromEntries(this.#errors),
    }
  }
}
