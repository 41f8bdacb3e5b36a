/**
 * Checks of options, for every constructor. Each returns the value or throws what is invalid, what is allowed and
 * what was given: a TypeError for another type, a RangeError for a number out of range. A value of another type is
 * named by its type alone: it may be a secret under the wrong name.
 */

/** The longest delay that a timer of Node can hold, in milliseconds; longer ones fire at once. */
export const MAX_TIMER = 2_147_483_647

/** Which numbers an option may have. */
export interface NumberRange {
  readonly min: number
  /** @default no limit; of integers 2^53 - 1 */
  readonly max?: number | undefined
  /** @default false */
  readonly integer?: boolean | undefined
  /** Such as `milliseconds`. */
  readonly unit?: string | undefined
}

/** @throws TypeError or RangeError unless it is a number in the range; `Infinity` is, where there is no `max` */
export function checkNumber(name: string, value: number, range: NumberRange): number {
  const { min, max, integer = false, unit } = range
  if (typeof value !== 'number') mustBe(name, 'a number', value)
  const isInRange = value >= min && (max === undefined || value <= max)
  if (isInRange && (!integer || Number.isSafeInteger(value))) return value
  const limits = max === undefined ? `of ${min} or more` : `from ${min} to ${max}`
  const kind = integer ? 'an integer' : 'a number'
  const allowed = unit === undefined ? limits : `${limits} ${unit}`
  throw new RangeError(`${name} must be ${kind} ${allowed}, got ${value}`)
}

/** @throws TypeError or RangeError unless a timer can hold it */
export function checkMilliseconds(name: string, value: number): number {
  if (typeof value !== 'number') mustBe(name, 'a number of milliseconds', value)
  if (!isTimerLength(value)) throw new RangeError(`${name} must be ${TIMER_RANGE}, got ${value}`)
  return value
}

/** @throws TypeError unless it is one of the allowed values */
export function checkOneOf<T>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  const given = typeof value === 'string' ? value.slice(0, 40) : shown(value)
  throw new TypeError(`${name} must be one of ${allowed.join(', ')}, got ${given}`)
}

/** @throws TypeError unless it is a boolean */
export function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value !== 'boolean') mustBe(name, 'a boolean', value)
  return value
}

/** @throws TypeError unless it is an object: options given where something else is meant do nothing */
export function checkObject(name: string, value: object): void {
  if (typeof value !== 'object' || value === null) mustBe(name, 'an object', value)
}

/** @throws TypeError unless it is a function or left out */
export function checkFunction<F>(name: string, value: F): F {
  if (value !== undefined && typeof value !== 'function') mustBe(name, 'a function', value)
  return value
}

/** @throws TypeError always: the name must be what `allowed` says */
export function mustBe(name: string, allowed: string, value: unknown): never {
  throw new TypeError(`${name} must be ${allowed}, got ${value === null ? 'null' : typeof value}`)
}

/** What is allowed for a timeout. */
export const TIMER_RANGE: string = `from 1 to ${MAX_TIMER} milliseconds`

/** A fraction of a millisecond is the shortest delay of a timer, 1. */
export function isTimerLength(milliseconds: unknown): boolean {
  return typeof milliseconds === 'number' && milliseconds > 0 && milliseconds <= MAX_TIMER
}

/** A number, `null`, or the type of anything else. */
export function shown(value: unknown): string {
  return typeof value === 'number' || value === null ? String(value) : typeof value
}
