import type { Journal, Moment } from './journal.ts'
import { type Kind, kindOf, type Source } from './source.ts'

interface Invalidation {
  /** The source's version when it began. Those before are old. */
  readonly version: number
  /** Milliseconds for which they may be served nevertheless. */
  readonly staleFor: number
  readonly confirmed: Moment
}

/** Which versions a read may answer, by the invalidations that were confirmed before it began. */
export class Invalidations {
  readonly #source: Source
  readonly #journal: Journal
  readonly #confirmed = new Map<string, Invalidation[]>()

  constructor(source: Source, journal: Journal) {
    this.#source = source
    this.#journal = journal
  }

  /**
   * Changes the source, and answers what to call when the invalidation behind it is confirmed.
   *
   * @param staleFor - milliseconds
   */
  begin(key: string, staleFor: number): () => void {
    this.#source.change(key)
    const version = this.#source.read(key)
    return () => {
      const confirmed = this.#confirmed.get(key) ?? []
      confirmed.push({ version, staleFor, confirmed: this.#journal.moment })
      this.#confirmed.set(key, confirmed)
    }
  }

  /** Whether a read that began then may answer this version. */
  allows(key: string, version: number, begun: Moment): boolean {
    if (version > this.#source.read(key)) return false
    for (const invalidation of this.#confirmed.get(key) ?? []) {
      if (invalidation.version <= version || invalidation.confirmed.at > begun.at) continue
      if (begun.time >= invalidation.confirmed.time + invalidation.staleFor) return false
    }
    return true
  }

  /** Whether it may answer a version of this kind. */
  allowsKind(key: string, kind: Kind, begun: Moment): boolean {
    for (let version = this.#source.read(key); version > 0; version--) {
      if (kindOf(version) === kind && this.allows(key, version, begun)) return true
    }
    return false
  }
}
