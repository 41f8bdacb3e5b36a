/** Milliseconds of Unix time that a packed end counts from: 40 bits of them reach until 2054. */
const EPOCH = Date.UTC(2020, 0, 1)
const NO_END = 2 ** 40 - 1
const HITS_BITS = 24n
/** Stored on top of the hits, so that fewer than none borrow nothing from the end. */
const BIAS = 2 ** 23

/** The most hits of a window, and the fewest below zero; twice as many still fit. */
export const MAX_HITS: number = 2 ** 22 - 1

/** A window of a rate limit: until when it lasts, and the hits in it. */
export interface Window {
  /** Milliseconds of Unix time; `Infinity` for a window without an end. */
  readonly end: number
  readonly hits: number
}

/** A window as an unsigned number of 64 bits, to which memcached can add hits: the end above, the hits below. */
export function packWindow({ end, hits }: Window): bigint {
  const time = Math.min(Math.max(Math.ceil(end) - EPOCH, 0), NO_END)
  return (BigInt(time) << HITS_BITS) + BigInt(hits + BIAS)
}

export function unpackWindow(packed: bigint): Window {
  const time = Number(packed >> HITS_BITS)
  const hits = Number(BigInt.asUintN(Number(HITS_BITS), packed)) - BIAS
  return { end: time === NO_END ? Number.POSITIVE_INFINITY : EPOCH + time, hits }
}
