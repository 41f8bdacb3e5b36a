const THIRTY_DAYS = 2_592_000
const MAX_UNIX_TIME = 2_147_483_647
/** Expires at once. */
const AT_ONCE = -1
const NEVER = 0

/**
 * The `expire` of a value of a cache that lives about `milliseconds`. memcached keeps an item of N seconds for N-1 to
 * N, so one of 1 second could be gone at once: 2 at least.
 *
 * @param milliseconds - `Infinity` for ever, 0 or less: expires at once
 * @param now - milliseconds of Unix time
 * @throws RangeError unless it is a number
 */
export function cacheExpire(milliseconds: number, now: () => number = Date.now): number {
  return toExpire(milliseconds, (seconds) => Math.max(seconds, 2), now)
}

/** As `cacheExpire`, of an item that lives at least `milliseconds`, and up to two seconds longer. */
export function lastingExpire(milliseconds: number, now: () => number = Date.now): number {
  return toExpire(milliseconds, (seconds) => seconds + 1, now)
}

function toExpire(
  milliseconds: number,
  lengthen: (seconds: number) => number,
  now: () => number,
): number {
  if (typeof milliseconds !== 'number' || Number.isNaN(milliseconds)) {
    throw new RangeError(`a time to live must be a number of milliseconds, got ${milliseconds}`)
  }
  if (milliseconds <= 0) return AT_ONCE
  const seconds = lengthen(Math.ceil(milliseconds / 1000))
  if (seconds <= THIRTY_DAYS) return seconds
  // memcached stores no later time; an item without an expiry is the nearest to it.
  return Math.floor(now() / 1000) + seconds >= MAX_UNIX_TIME ? NEVER : seconds
}
