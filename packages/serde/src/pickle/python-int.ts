import { MalformedPickle } from './malformed-pickle.ts'

/** As many bytes as 100,000 decimal digits take: longer integers take long to print. */
export const MAX_INT_BYTES = 41_525
const MAX_DIGITS = 100_000

/** An integer in two's complement, lowest byte first: a number, or a bigint past 2^53. */
export function decodeInt(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0
  if (bytes.length <= 6) return bytes.readIntLE(0, bytes.length)
  if (bytes.length > MAX_INT_BYTES) throw tooLong()
  const unsigned = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  return narrowed(BigInt.asIntN(bytes.length * 8, unsigned))
}

/** Decimal text as protocols 0 and 1 have it, with the `L` of a long or without. */
export function parseIntText(text: string): number | bigint {
  if (text.length > MAX_DIGITS) throw tooLong()
  if (!/^[+-]?\d+L?$/.test(text)) throw new MalformedPickle('is a pickle with a malformed integer')
  return narrowed(BigInt(text.replace(/^\+|L$/g, '')))
}

/** The shortest two's complement, lowest byte first. */
export function encodeInt(value: bigint): Buffer {
  if (value === 0n) return Buffer.alloc(0)
  // All bits but the sign, of which a negative number has one more than its complement.
  const magnitude = value < 0n ? ~value : value
  const hex = magnitude.toString(16)
  // A first digit of 8 or more would be read as a sign: a bit more, so perhaps a byte more.
  const digits = hex.length + (hex.charAt(0) >= '8' ? 1 : 0)
  const length = Math.ceil(digits / 2)
  const unsigned = BigInt.asUintN(length * 8, value).toString(16)
  return Buffer.from(unsigned.padStart(length * 2, '0'), 'hex').reverse()
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function tooLong(): MalformedPickle {
  return new MalformedPickle(
    `is a pickle with an integer of more than ${MAX_DIGITS} digits, which is the limit`,
  )
}
