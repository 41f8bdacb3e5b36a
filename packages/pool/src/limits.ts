import { checkNumber, type NumberRange } from '@mc/protocol/toolkit'

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
  /**
   * How long a borrower waits for an object. Time in which the process stands still does not count.
   * `Infinity`: as long as it takes.
   *
   * @default 1000
   */
  readonly acquireTimeout?: number | undefined
  /** Borrowers that may wait at one time; 0 makes an exhausted pool fail at once. @default 10000 */
  readonly maxWaiting?: number | undefined
  /**
   * How long `create`, `validate` and `destroy` may take. Then the pool goes on as if they had failed: a
   * `create` frees its slot, and an object that arrives later is destroyed. `Infinity`: as long as it
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

type LimitName = keyof ObjectPoolLimits

/**
 * The limits with their defaults.
 *
 * @param names - what errors call those that a user gave under another name
 * @throws TypeError or RangeError for an invalid one
 */
export function resolveLimits(
  limits: ObjectPoolLimits,
  names: Partial<Record<LimitName, string>> = {},
): ResolvedLimits {
  const check = (name: LimitName, defaultValue: number, range: NumberRange): number =>
    checkNumber(names[name] ?? name, limits[name] ?? defaultValue, range)
  const count = { integer: true, min: 0 }
  const duration = { min: 1, unit: 'milliseconds' }
  const maxSize = check('maxSize', 8, { ...count, min: 1 })
  return {
    maxSize,
    minSize: check('minSize', 0, { ...count, max: maxSize }),
    idleTimeout: check('idleTimeout', 60_000, { ...duration, min: 0 }),
    maxAge: check('maxAge', Number.POSITIVE_INFINITY, duration),
    maxAgeJitter: check('maxAgeJitter', 0.1, { min: 0, max: 1 }),
    acquireTimeout: check('acquireTimeout', 1000, duration),
    maxWaiting: check('maxWaiting', 10_000, count),
    hookTimeout: check('hookTimeout', 5000, duration),
    drainTimeout: check('drainTimeout', 10_000, duration),
  }
}
