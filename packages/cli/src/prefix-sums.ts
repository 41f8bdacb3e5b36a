/** Count and bytes of the items whose keys have the same beginning. */
export interface PrefixSum {
  readonly prefix: string
  count: number
  bytes: number
}

/** The name under which the prefixes beyond the limit are counted. */
const OTHERS = '(others)'
/** The prefix of keys without a separator. */
const NONE = '(none)'

/** The beginning of a key up to the separator of that number, or the last one that it has. */
export function prefixOf(key: string, separator: string, depth: number): string {
  let end = 0
  for (let i = 0; i < depth; i++) {
    const next = key.indexOf(separator, end)
    if (next < 0) break
    end = next + separator.length
  }
  return end === 0 ? NONE : key.slice(0, end)
}

/** Sums items by the beginnings of their keys, in bounded memory. */
export class PrefixSums {
  readonly #separator: string
  readonly #depth: number
  readonly #limit: number
  readonly #sums = new Map<string, PrefixSum>()

  /**
   * @param depth - how many separators a prefix goes up to
   * @param limit - how many prefixes have sums of their own; later ones share one sum
   */
  constructor(separator: string, depth: number, limit = 10_000) {
    this.#separator = separator
    this.#depth = depth
    this.#limit = limit
  }

  add(key: string, bytes: number): void {
    const sum = this.#sumOf(prefixOf(key, this.#separator, this.#depth))
    sum.count++
    sum.bytes += bytes
  }

  /** From the largest in bytes. */
  get largest(): readonly PrefixSum[] {
    return [...this.#sums.values()].sort((a, b) => b.bytes - a.bytes)
  }

  #sumOf(name: string): PrefixSum {
    const known = this.#sums.get(name)
    if (known !== undefined) return known
    const prefix = this.#sums.size < this.#limit ? name : OTHERS
    const sum = this.#sums.get(prefix) ?? { prefix, count: 0, bytes: 0 }
    this.#sums.set(prefix, sum)
    return sum
  }
}
