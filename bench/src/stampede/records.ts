import type { Read } from './messages.ts'

/** A load of the source. Times are those of `now()`. */
export interface Load {
  readonly begin: number
  readonly end: number
}

/** From `at` on, readers may rely on it that no version before this one is read. */
export interface Confirmation {
  readonly version: number
  readonly at: number
}

/** A time in which the cache did not answer, and timeouts from it may still come. */
export interface Silence {
  readonly from: number
  readonly to: number
}

/** What happened in one run of a fleet, from the start of its callers on. */
export interface Records {
  readonly start: number
  readonly end: number
  readonly loads: readonly Load[]
  readonly reads: readonly Read[]
  readonly confirmations: readonly Confirmation[]
  readonly silences: readonly Silence[]
  /** Reads and invalidations that rejected, by their message. */
  readonly failures: ReadonlyMap<string, number>
  /** Milliseconds: the longest time for which the event loop of a calling process stood still. */
  readonly stall: number
}
