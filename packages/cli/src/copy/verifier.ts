import { performance } from 'node:perf_hooks'
import type { MetadumpItem } from '@mc/protocol'
import type { Fleet } from '../fleet.ts'

/** How the items of a fleet compare with those of another. */
export interface VerifyCounts {
  same: number
  missing: number
  /** Of another value, other flags, or a time to live that differs by more than `TTL_TOLERANCE`. */
  different: number
}

/** Seconds: one for each server's rounding. */
const TTL_TOLERANCE = 2

const FIELDS = { value: true, flags: true, ttl: true, peek: true } as const

/** Compares items of one fleet with those of another. */
export class Verifier {
  readonly counts: VerifyCounts = { same: 0, missing: 0, different: 0 }
  readonly #from: Fleet
  readonly #to: Fleet

  constructor(from: Fleet, to: Fleet) {
    this.#from = from
    this.#to = to
  }

  /** Compares some items of one server. What is gone from it since, counts as nothing. */
  async compare(items: readonly MetadumpItem[], server: string): Promise<void> {
    const source = this.#from.client(server)
    await Promise.all(
      items.map(async ({ key }) => {
        const start = performance.now()
        const [ours, theirs] = await Promise.all([
          source.metaGet(key, FIELDS),
          this.#to.cache.metaGet(key, FIELDS),
        ])
        if (ours?.value === undefined || ours.stale || ours.ttl < 1) return
        if (theirs?.value === undefined) this.counts.missing++
        // The two are not read at the same moment.
        else if (isSame(ours, theirs, (performance.now() - start) / 1000)) this.counts.same++
        else this.counts.different++
      }),
    )
  }
}

interface Compared {
  readonly value: unknown
  readonly flags: number
  readonly ttl: number
}

/** @param apart - seconds that may lie between the two reads */
function isSame(a: Compared, b: Compared, apart: number): boolean {
  // The difference of two that never expire is NaN.
  const hasOtherTime = a.ttl !== b.ttl && !(Math.abs(a.ttl - b.ttl) <= TTL_TOLERANCE + apart)
  return a.flags === b.flags && !hasOtherTime && (a.value as Buffer).equals(b.value as Buffer)
}
