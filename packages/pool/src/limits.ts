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
  /**
   * How long `create`, `validate` and `destroy` may take. Then the pool goes on as if they had failed: a
   * `create` gives its place free, and an object that comes later is destroyed. `Infinity`: as long as it
   * takes.
   *
   * @default 5000
   */
  readonly hookTimeout?: number | undefined
  /**
   * How long `drain` and `close` wait for borrowers and for lent objects. Then borrowers are rejected, and
   * `close` destroys objects that are still lent. `Infinity`: as long as it takes.
   *
   * @default 10000
   */
  readonly drainTimeout?: number | undefined
}

/** `ObjectPoolLimits` with nothing left out. */
export type ResolvedLimits = Readonly<Record<keyof ObjectPoolLimits, number>>

const MAX_COUNT = 2_147_483_647

/** The limits with their defaults. @throws TypeError or RangeError for an invalid one */
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
    hookTimeout: duration('hookTimeout', limits.hookTimeout ?? 5000, 1),
    drainTimeout: duration('drainTimeout', limits.drainTimeout ?? 10_000, 1),
  }
}

/** @throws TypeError or RangeError unless it is at least `min` milliseconds; `Infinity` is */
export function duration(name: string, value: number, min: number): number {
  checkNumber(name, value)
  if (!(value >= min)) {
    throw new RangeError(`${name} must be at least ${min} milliseconds, got ${value}`)
  }
  return value
}

function count(name: string, value: number, min: number, max: number): number {
  checkNumber(name, value)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`)
  }
  return value
}

function fraction(name: string, value: number): number {
  checkNumber(name, value)
  if (!(value >= 0 && value <= 1)) {
    throw new RangeError(`${name} must be from 0 to 1, got ${value}`)
  }
  return value
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value === 'number') return
  const shown = typeof value === 'string' ? `the string '${value.slice(0, 40)}'` : typeof value
  throw new TypeError(`${name} must be a number, got ${value === null ? 'null' : shown}`)
}
