import { type OldReads, oldReads } from './old-reads.ts'
import type { Records } from './records.ts'
import { loadsByRound } from './rounds.ts'

/** What one run of one contender comes to. */
export interface Figures {
  readonly seconds: number
  readonly loads: number
  /** Loads of each expiry. */
  readonly rounds: readonly number[]
  readonly reads: number
  /** Milliseconds that 99 % of the reads took at most. */
  readonly p99: number
  /** Milliseconds of the read that took longest. */
  readonly longest: number
  /** Milliseconds: the longest time for which the event loop of a calling process stood still. */
  readonly stall: number
  readonly invalidations: number
  readonly silences: number
  /** Loads that began while the cache was silent. */
  readonly loadsInSilence: number
  readonly old: OldReads
  /** Reads and invalidations that rejected. */
  readonly failures: ReadonlyMap<string, number>
}

export function figuresOf(records: Records): Figures {
  const waits = records.reads.map(({ begin, end }) => end - begin).sort((a, b) => a - b)
  return {
    seconds: (records.end - records.start) / 1000,
    loads: records.loads.length,
    rounds: loadsByRound(records),
    reads: waits.length,
    p99: waits[Math.floor(waits.length * 0.99)] ?? 0,
    longest: waits.at(-1) ?? 0,
    stall: records.stall,
    invalidations: records.confirmations.length,
    silences: records.silences.length,
    loadsInSilence: records.loads.filter(({ begin }) =>
      records.silences.some(({ from, to }) => begin >= from && begin < to),
    ).length,
    old: oldReads(records),
    failures: records.failures,
  }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}
