import type { Records } from './records.ts'

export interface OldReads {
  /** Reads that answered a version older than one confirmed before they began. */
  readonly count: number
  /** Milliseconds between the confirmation and the latest beginning of such a read. */
  readonly longest: number
}

/** Compares every read with the invalidations that had been confirmed when it began. */
export function oldReads({ reads, confirmations }: Records): OldReads {
  const confirmed = [...confirmations].sort((a, b) => a.at - b.at)
  const inOrder = [...reads].sort((a, b) => a.begin - b.begin)
  let count = 0
  let longest = 0
  let next = 0
  for (const { begin, version } of inOrder) {
    while ((confirmed[next]?.at ?? Number.POSITIVE_INFINITY) < begin) next++
    // The writer is alone: later confirmations are of later versions.
    const newest = confirmed[next - 1]?.version ?? 0
    if (version >= newest) continue
    count++
    const missed = confirmed.find((confirmation) => confirmation.version > version)
    longest = Math.max(longest, begin - (missed?.at ?? begin))
  }
  return { count, longest }
}
