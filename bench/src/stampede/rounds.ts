import type { Load, Records } from './records.ts'

/** Milliseconds without a load after which the next one belongs to another expiry. */
const QUIET = 100

/**
 * Loads of each expiry: those that overlap each other, or nearly. The last round is left out where the end of the run
 * may have cut it short.
 */
export function loadsByRound({ loads, end }: Records): number[] {
  const rounds: { first: number; count: number }[] = []
  let lastEnd = Number.NEGATIVE_INFINITY
  for (const load of loads) {
    const round = rounds.at(-1)
    if (round !== undefined && load.begin < lastEnd + QUIET) round.count++
    else rounds.push({ first: load.begin, count: 1 })
    lastEnd = Math.max(lastEnd, load.end)
  }
  return rounds
    .filter(({ first }) => first < end - duration(loads) - QUIET)
    .map(({ count }) => count)
}

/** Milliseconds of the longest load. */
function duration(loads: readonly Load[]): number {
  return loads.reduce((longest, { begin, end }) => Math.max(longest, end - begin), 0)
}
