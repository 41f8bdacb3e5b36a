import { isDate } from 'node:util/types'
import { shown } from './check.ts'
import { illegalInput } from './errors.ts'
import type { CasToken, Expire } from './memcache-client.ts'
import { warnOnce } from './warn-once.ts'

const DAY = 86_400
const THIRTY_DAYS = 30 * DAY
const YEAR = 365 * DAY
/** In milliseconds. */
const MINUTE = 60_000
const MAX_INT32 = 2_147_483_647
const MAX_UINT32 = 4_294_967_295
const MAX_UINT64 = 18_446_744_073_709_551_615n

/**
 * The exptime to send: seconds from now up to 30 days, beyond that a Unix time, since memcached reads
 * larger numbers so (PROTOCOL 1.1). It reads 32 bits, so nothing past 2038-01-19 can be said.
 *
 * @param now - milliseconds of Unix time
 * @throws MemcacheIllegalInputError
 */
export function toExptime(expire: Expire, now: () => number): number {
  // The question is native code, which most calls need not ask.
  if (typeof expire === 'object' && isDate(expire)) return dateToExptime(expire, now)
  if (!Number.isInteger(expire)) {
    illegalInput(`expire must be a whole number of seconds or a Date, got ${shown(expire)}`)
  }
  if (expire < 0) return past(now)
  if (expire <= THIRTY_DAYS) return expire
  const exptime = inRange(Math.floor(now() / 1000) + expire)
  warnOfMilliseconds(expire)
  return exptime
}

/** Of what is whole minutes in milliseconds, and in seconds neither whole years nor days of one year. */
function warnOfMilliseconds(expire: number): void {
  const areDays = expire % DAY === 0 && expire < YEAR
  if (expire % MINUTE !== 0 || areDays || expire % YEAR === 0) return
  warnOnce(
    'MEMCACHE_EXPIRE',
    `expire is in seconds, and ${expire} of them are ${Math.round(expire / DAY)} days: milliseconds are to be divided by 1000; if it is meant, give a Date`,
  )
}

function dateToExptime(date: Date, now: () => number): number {
  // Its own method may have been overridden, and what it gives goes on the wire.
  const milliseconds = Date.prototype.getTime.call(date)
  if (Number.isNaN(milliseconds)) illegalInput('expire is an invalid Date')
  if (milliseconds <= now()) return past(now)
  return inRange(Math.max(Math.ceil(milliseconds / 1000), THIRTY_DAYS + 1))
}

/**
 * What expires at once: the first Unix time that is not read as seconds from now. twemproxy closes the connection
 * at a negative number, which says the same to memcached; that is left to clocks of tests that begin with 1970.
 */
function past(now: () => number): number {
  const moment = THIRTY_DAYS + 1
  return now() / 1000 > moment ? moment : -1
}

function inRange(unixTime: number): number {
  if (unixTime > MAX_INT32) {
    illegalInput(
      'expire must lie before 2038-01-19, the last time that memcached can store, or be 0 for never: it is in seconds from now, so for a moment give a Date',
    )
  }
  return unixTime
}

/** @throws MemcacheIllegalInputError unless it is an integer from 0 to 4294967295 */
export function checkFlags(flags: number): number {
  return checkInteger('flags', flags, 0, MAX_UINT32)
}

/** @throws MemcacheIllegalInputError unless it is an integer from 0 to 2^31 - 1 */
export function checkDelay(delay: number): number {
  return checkInteger('delay', delay, 0, MAX_INT32)
}

/** @throws MemcacheIllegalInputError unless it is an integer from `min` to `max` */
export function checkInteger(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    illegalInput(`${name} must be an integer from ${min} to ${max}, got ${shown(value)}`)
  }
  return value
}

/**
 * A number of a counter as decimal text: 0 to 2^64 - 1, as a number up to 2^53 - 1.
 *
 * @throws MemcacheIllegalInputError
 */
export function toUint64(name: string, value: number | bigint): string {
  const legal =
    typeof value === 'bigint'
      ? value >= 0n && value <= MAX_UINT64
      : Number.isSafeInteger(value) && value >= 0
  if (!legal) {
    const given = typeof value === 'bigint' ? `${value}`.slice(0, 24) : shown(value)
    illegalInput(
      `${name} must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, or a bigint up to ${MAX_UINT64}, got ${given}`,
    )
  }
  return value.toString()
}

/** @throws MemcacheIllegalInputError unless it is the decimal text of an unsigned 64-bit number */
export function checkCas(cas: CasToken): CasToken {
  if (typeof cas !== 'string' || !/^\d{1,20}$/.test(cas) || BigInt(cas) > MAX_UINT64) {
    illegalInput(`cas must be a CAS token as gets gives it, got ${shown(cas)}`)
  }
  return cas
}
