import { setTimeout as sleep } from 'node:timers/promises'
import type { Source } from './source.ts'

/** Milliseconds between two reads of a caller, on average. */
const PAUSE = 100
/** Milliseconds between two pairs of writes. */
const WRITE_PAUSE = 1000

/** A way to cache, as an application would write it. */
export interface Cache {
  read(): Promise<number | undefined>
  invalidate(): Promise<unknown>
  close(): Promise<void>
}

/** One side of the comparison: callers that read one key by way of a cache, a writer, and what they saw. */
export class Side {
  readonly name: string
  readonly source: Source
  reads = 0
  /** Reads that answered a version older than one confirmed before they began. */
  oldReads = 0
  /** Milliseconds since that confirmation, at the latest of them. */
  oldest = 0
  readonly #caches: readonly Cache[]
  readonly #callers: number
  readonly #confirmed: { readonly version: number; readonly at: number }[] = []
  #reading = 0

  /**
   * @param caches - one for each process of the application
   * @param callers - of all processes
   */
  constructor(name: string, source: Source, caches: readonly Cache[], callers: number) {
    this.name = name
    this.source = source
    this.#caches = caches
    this.#callers = callers
  }

  /** Callers read until the signal aborts. */
  async read(signal: AbortSignal): Promise<void> {
    const callers = Array.from({ length: this.#callers }, (_, i) =>
      this.#call(this.#caches[i % this.#caches.length] as Cache, signal),
    )
    await Promise.all(callers)
  }

  /** A writer changes the source twice and invalidates, again and again until the signal aborts. */
  async write(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#change()
      // The second change comes while all wait for what is loaded since the first.
      while (this.#reading < this.#callers && !signal.aborted) await sleep(5)
      await sleep(PAUSE)
      await this.#change()
      await sleep(WRITE_PAUSE, undefined, { signal }).catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.close()))
  }

  async #call(cache: Cache, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#readOnce(cache)
      await sleep(PAUSE * (0.5 + Math.random()))
    }
  }

  async #readOnce(cache: Cache): Promise<void> {
    const begin = performance.now()
    this.#reading++
    const version = (await cache.read()) ?? 0
    this.#reading--
    this.reads++
    const missed = this.#confirmed.find((it) => it.version > version && it.at < begin)
    if (missed === undefined) return
    this.oldReads++
    this.oldest = Math.max(this.oldest, performance.now() - missed.at)
  }

  /** Changes the source and invalidates. Who reads from now on may rely on it. */
  async #change(): Promise<void> {
    const version = this.source.change()
    await this.#caches[0]?.invalidate()
    this.#confirmed.push({ version, at: performance.now() })
  }
}
