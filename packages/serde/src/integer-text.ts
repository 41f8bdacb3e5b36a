import { type ItemKey, MemcacheIllegalInputError } from '@mc/protocol'
import { unreadable } from './unreadable.ts'

/** Reading takes time that grows faster than the digits: this many take a few milliseconds. */
const MAX_DIGITS = 100_000

/** @throws MemcacheIllegalInputError past 100,000 digits */
export function encodeBigint(value: bigint): string {
  const text = value.toString()
  if (text.length > MAX_DIGITS) {
    throw new MemcacheIllegalInputError(
      `a bigint of ${text.length} digits is too long: at most ${MAX_DIGITS}`,
    )
  }
  return text
}

/**
 * Decimal text of an integer, checked, for `Number` or `BigInt`. Whitespace around it is legal: `decr`
 * leaves spaces behind a number that becomes shorter.
 *
 * @throws MemcacheSerdeError
 */
export function decodeIntegerText(
  buffer: Buffer,
  start: number,
  end: number,
  flags: number,
  key: ItemKey,
): string {
  const text = end - start <= MAX_DIGITS ? buffer.toString('latin1', start, end) : ''
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw unreadable('is not a decimal integer', flags, key)
  return text
}
