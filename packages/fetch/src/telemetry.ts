import { tracingChannel } from 'node:diagnostics_channel'
import { traced } from '@mc/protocol/toolkit'

/**
 * How a call came to its answer: a fresh value (`hit`); that there is none was remembered (`negative`); a value past its
 * freshness (`stale`); it loaded (`load`); it waited for a load of this process (`join`) or of another (`wait`); the cache
 * could not be read (`uncached`).
 */
export type FetchOutcome = 'hit' | 'negative' | 'stale' | 'load' | 'join' | 'wait' | 'uncached'

/**
 * What subscribers of the tracing channel `mc:fetch` get about each key of each call, and about a
 * call that is refused. No key or value is in it.
 */
export interface FetchTrace {
  /** Known when the call settles. */
  outcome: FetchOutcome | undefined
  /** Milliseconds for which it waited for a load. */
  waited: number
  /** What it failed with. */
  error?: unknown
}

/**
 * Why a value was loaded: there was none (`miss`); it was stale, or to expire soon (`refresh`); whoever was to load it took
 * too long (`overdue`); the cache could not be read (`uncached`).
 */
export type LoadReason = 'miss' | 'refresh' | 'overdue' | 'uncached'

/**
 * What became of a loaded value: stored (`true`); the item had `changed`, or was `gone`; storing it `failed`; it was
 * `unwanted`, by `expire` or `negativeExpire`, or as the cache could not be read.
 */
export type Stored = true | 'changed' | 'gone' | 'failed' | 'unwanted'

/** What subscribers of the tracing channel `mc:load` get about each load. */
export interface LoadTrace {
  /** Why the loader was called. */
  readonly reason: LoadReason
  /** Known when the load has settled and its value is stored. */
  stored: Stored | undefined
  /** What it failed with. */
  error?: unknown
}

/** How many keys of all calls so far came to each outcome, those of calls that failed included. */
export type FetchCounters = { readonly [name in FetchOutcome]: number } & {
  /** Loads of this process, whatever the reason. */
  readonly loads: number
}

const fetches = tracingChannel<unknown, FetchTrace>('mc:fetch')
const loads = tracingChannel<unknown, LoadTrace>('mc:load')

/** Counts, and publishes where somebody listens. */
export class Telemetry {
  readonly #counters = {
    ...{ hit: 0, negative: 0, stale: 0, load: 0, join: 0, wait: 0, uncached: 0 },
    loads: 0,
  }

  get counters(): FetchCounters {
    return { ...this.#counters }
  }

  fetch<T>(run: (trace: FetchTrace) => Promise<T>): Promise<T> {
    const trace: FetchTrace = { outcome: undefined, waited: 0 }
    return traced(fetches, trace, () => run(trace))
  }

  /** A call that fails before any key is read. */
  refused(error: unknown): Promise<never> {
    return this.fetch(() => Promise.reject(error))
  }

  count(outcome: FetchOutcome): void {
    this.#counters[outcome]++
  }

  load<T>(reason: LoadReason, run: (trace: LoadTrace) => Promise<T>): Promise<T> {
    this.#counters.loads++
    const trace: LoadTrace = { reason, stored: undefined }
    return traced(loads, trace, () => run(trace))
  }
}
