import { MalformedPickle } from './malformed-pickle.ts'

/** About half a second of them. */
const MAX_COMPARISONS = 2 ** 24

/**
 * Bounds the time that bigints take as keys in one pickle. The engine hashes a bigint by its lowest 64 bits, without the
 * sign, and compares those that are alike one by one: a mebibyte of them would take half a minute.
 */
export class AlikeKeys {
  #comparisons = 0

  /** Called with the keys of a Set or a Map before it gets them. @throws MalformedPickle for too many alike */
  check(keys: Iterable<unknown>): void {
    const counts = new Map<bigint, number>()
    for (const key of keys) {
      if (typeof key !== 'bigint') continue
      const hashed = BigInt.asUintN(64, key < 0n ? -key : key)
      const count = counts.get(hashed) ?? 0
      counts.set(hashed, count + 1)
      this.#comparisons += count
      if (this.#comparisons > MAX_COMPARISONS) {
        throw new MalformedPickle(
          'is a pickle with too many integers as keys that are alike in their lowest 64 bits',
        )
      }
    }
  }
}
