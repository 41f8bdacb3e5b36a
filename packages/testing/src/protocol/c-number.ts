/**
 * Numbers as a server written in C reads them from text: white space and a sign may come first,
 * anything may follow after white space, and what is too wide for its type wraps around.
 *
 * Each function answers `undefined` where the server refuses the text.
 */

const NUMBER = /^[\t-\r ]*([+-]?)(\d+)(?:$|[\t-\r \0])/
const MAX_INT64 = 2n ** 63n - 1n
const MAX_UINT64 = 2n ** 64n - 1n

/** A signed 32-bit number, such as an exptime or a length. */
export function parseInt32(text: string): number | undefined {
  const short = parseShort(text)
  if (short !== -1) return short
  const number = parseWide(text, MAX_INT64)
  return number === undefined ? undefined : Number(BigInt.asIntN(32, number))
}

/** An unsigned 32-bit number, such as client flags. */
export function parseUint32(text: string): number | undefined {
  const short = parseShort(text)
  if (short !== -1) return short
  const number = parseUint64(text)
  return number === undefined ? undefined : Number(BigInt.asUintN(32, number))
}

/** An unsigned 64-bit number, such as a CAS unique or a counter. */
export function parseUint64(text: string): bigint | undefined {
  const short = parseShort(text)
  if (short !== -1) return BigInt(short)
  const number = parseWide(text, MAX_UINT64)
  if (number === undefined) return undefined
  const unsigned = BigInt.asUintN(64, number)
  // The server looks for a minus sign only when the number would be negative if it were signed, and
  // then anywhere in the text.
  return unsigned > MAX_INT64 && text.includes('-') ? undefined : unsigned
}

/** One to nine digits and nothing else, as nearly all numbers are; -1 for other texts. */
function parseShort(text: string): number {
  const { length } = text
  if (length === 0 || length > 9) return -1
  let number = 0
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

function parseWide(text: string, max: bigint): bigint | undefined {
  const match = NUMBER.exec(text)
  if (match === null) return undefined
  const negative = match[1] === '-'
  // Only a signed type has room for one more below zero.
  const limit = negative && max === MAX_INT64 ? max + 1n : max
  const digits = (match[2] as string).replace(/^0+(?=\d)/, '')
  if (digits.length > 20) return undefined
  const magnitude = BigInt(digits)
  if (magnitude > limit) return undefined
  return negative ? -magnitude : magnitude
}
