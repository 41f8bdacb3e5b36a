import { checkNumber } from '@mc/protocol/toolkit'

/**
 * Numbers from 0 up to 1 that look random: the same seed gives the same numbers. Mulberry32, after
 * Tommy Ettinger.
 *
 * @throws TypeError or RangeError for a seed that is no safe integer
 */
export function seededRandom(seed: number): () => number {
  checkNumber('seed', seed, { integer: true, min: Number.MIN_SAFE_INTEGER })
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
