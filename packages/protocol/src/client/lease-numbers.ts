import type { CasToken } from '../memcache-client.ts'

const LEAST_PREFIX = 1_000_000_000
const PREFIXES = 2 ** 33
const COUNT_FROM = 100_000_000
const COUNT_TO = 1_000_000_000

/**
 * CAS tokens of a client's own, `OWN_CAS_DIGITS` long: a random number and a count. No two clients have the same but by
 * a chance of about 1 in 2^33.
 */
export class LeaseNumbers {
  #prefix = ''
  #count = COUNT_TO

  next(): CasToken {
    if (this.#count >= COUNT_TO) {
      // Loaded where it is used: a program without leases starts sooner.
      const { randomInt } = process.getBuiltinModule('node:crypto')
      this.#prefix = String(LEAST_PREFIX + randomInt(PREFIXES))
      this.#count = randomInt(COUNT_FROM, COUNT_TO)
    }
    return this.#prefix + this.#count++
  }
}
