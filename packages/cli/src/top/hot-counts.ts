/** How often a key, or what a prefix begins, was read and written. */
export interface HotCount {
  readonly name: string
  reads: number
  writes: number
}

/**
 * Counts names, the frequent ones of any number in bounded memory: when there are twice as many as are kept, the
 * rarest half is dropped, so that a count may miss what came before that.
 */
export class HotCounts {
  readonly #kept: number
  #counts = new Map<string, HotCount>()

  /** @param kept - how many names are kept at least */
  constructor(kept = 5000) {
    this.#kept = kept
  }

  /** A look-up, which a write makes as well. */
  read(name: string): void {
    this.#countOf(name).reads++
  }

  /** A write, whose look-up was counted as a read before. */
  written(name: string): void {
    const count = this.#countOf(name)
    count.writes++
    if (count.reads > 0) count.reads--
  }

  /** The most frequent first. */
  top(count: number): readonly HotCount[] {
    return this.#sorted().slice(0, count)
  }

  #sorted(): HotCount[] {
    return [...this.#counts.values()].sort((a, b) => b.reads + b.writes - a.reads - a.writes)
  }

  #countOf(name: string): HotCount {
    const known = this.#counts.get(name)
    if (known !== undefined) return known
    if (this.#counts.size >= 2 * this.#kept) {
      this.#counts = new Map(
        this.#sorted()
          .slice(0, this.#kept)
          .map((it) => [it.name, it]),
      )
    }
    const count = { name, reads: 0, writes: 0 }
    this.#counts.set(name, count)
    return count
  }
}
