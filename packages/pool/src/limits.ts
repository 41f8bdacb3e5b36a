/** The limits of a pool. Times are milliseconds. */
export interface ObjectPoolLimits {
  /** Objects that may exist at one time. @default 8 */
  readonly maxSize?: number | undefined
  /**
   * Objects to make at the first `get`, and to keep when idle. A refill that fails is tried again with
   * the next `get`. @default 0
   */
  readonly minSize?: number | undefined
  /**
   * How long an object may be idle. A timer looks four times in this span, at least every 15 s; it does
   * not keep the process alive. 0: for ever. @default 60000
   */
  readonly idleTimeout?: number | undefined
  /**
   * How old an object may be when it is lent or returned. Makes load follow DNS and load balancers.
   *
   * @default Infinity
   */
  readonly maxAge?: number | undefined
  /** Part of `maxAge`, 0 to 1, by which it is shortened at random for each object. @default 0.1 */
  readonly maxAgeJitter?: number | undefined
  /** How long a borrower waits for an object. `Infinity`: as long as it takes. @default 1000 */
  readonly acquireTimeout?: number | undefined
  /** Borrowers that may wait at one time; 0 makes an exhausted pool fail at once. @default 10000 */
  readonly maxWaiting?: number | undefined
}

/** `ObjectPoolLimits` with nothing left out. */
export type ResolvedLimits = Readonly<Record<keyof ObjectPoolLimits, number>>

const MAX_COUNT = 2_147_483_647

/** The limits with their defaults. @throws RangeError for one that makes no sense */
export function resolveLimits(limits: ObjectPoolLimits): ResolvedLimits {
  const maxSize = count('maxSize', limits.maxSize ?? 8, 1, MAX_COUNT)
  return {
    maxSize,
    minSize: count('minSize', limits.minSize ?? 0, 0, maxSize),
    idleTimeout: duration('idleTimeout', limits.idleTimeout ?? 60_000, 0),
    maxAge: duration('maxAge', limits.maxAge ?? Number.POSITIVE_INFINITY, 1),
    maxAgeJitter: fraction('maxAgeJitter', limits.maxAgeJitter ?? 0.1),
    acquireTimeout: duration('acquireTimeout', limits.acquireTimeout ?? 1000, 1),
    maxWaiting: count('maxWaiting', limits.maxWaiting ?? 10_000, 0, MAX_COUNT),
  }
}

function count(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${String(value)}`)
  }
  return value
}

function duration(name: string, value: number, min: number): number {
  if (typeof value !== 'number' || !(value >= min)) {
    throw new RangeError(`${name} must be at least ${min} milliseconds, got ${String(value)}`)
  }
  return value
}

function fraction(name: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    throw new RangeError(`${name} must be from 0 to 1, got ${String(value)}`)
  }
  return value
}
