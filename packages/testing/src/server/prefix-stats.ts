interface PrefixCounts {
  gets: number
  hits: number
  sets: number
  deletes: number
}

/** Counts by the part of the key before the first colon, while `stats detail` is on. */
export class PrefixStats {
  enabled = false
  readonly #counts = new Map<string, PrefixCounts>()

  countGet(key: string, hit: boolean): void {
    const counts = this.#of(key)
    if (counts === undefined) return
    counts.gets++
    if (hit) counts.hits++
  }

  countSet(key: string): void {
    const counts = this.#of(key)
    if (counts !== undefined) counts.sets++
  }

  countDelete(key: string): void {
    const counts = this.#of(key)
    if (counts !== undefined) counts.deletes++
  }

  clear(): void {
    this.#counts.clear()
  }

  /** Lines as `stats detail dump` prints them. */
  *lines(): Generator<string, void> {
    for (const [prefix, { gets, hits, sets, deletes }] of this.#counts) {
      yield `PREFIX ${prefix} get ${gets} hit ${hits} set ${sets} del ${deletes}`
    }
  }

  #of(key: string): PrefixCounts | undefined {
    if (!this.enabled) return undefined
    const end = key.indexOf(':')
    if (end === -1) return undefined
    const prefix = key.slice(0, end)
    let counts = this.#counts.get(prefix)
    if (counts === undefined) {
      counts = { gets: 0, hits: 0, sets: 0, deletes: 0 }
      this.#counts.set(prefix, counts)
    }
    return counts
  }
}
