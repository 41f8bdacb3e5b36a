import { randomBytes } from 'node:crypto'

/** Digits of the time, enough until the year 5188: texts of equal length are ordered as their times are. */
const TIME_DIGITS = 9
const FORM = /^[0-9a-z]{9}[\w-]{8}$/

/**
 * A new generation: the milliseconds of Unix time in base 36, and 48 random bits, so that no two are the same whatever
 * the clocks of the machines show.
 *
 * @param last - that it shall come after
 */
export function newGeneration(last: string | undefined, now: () => number): string {
  const after = last === undefined ? 0 : Number.parseInt(last.slice(0, TIME_DIGITS), 36) + 1
  const time = Math.max(now(), after)
  return time.toString(36).padStart(TIME_DIGITS, '0') + randomBytes(6).toString('base64url')
}

/** What a record holds, if it is a generation: of any client's serde, as text or as bytes. */
export function readGeneration(value: unknown): string | undefined {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  return typeof text === 'string' && FORM.test(text) ? text : undefined
}
