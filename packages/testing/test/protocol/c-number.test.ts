import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseInt32, parseUint32, parseUint64 } from '../../src/protocol/index.ts'

describe('numbers read as a C server reads them', () => {
  test('take plain digits', () => {
    expect(parseInt32('0')).toBe(0)
    expect(parseUint32('123456789')).toBe(123_456_789)
    expect(parseUint64('18446744073709551615')).toBe(18_446_744_073_709_551_615n)
  })

  test('take a sign, and white space in front and behind', () => {
    expect(parseInt32('-5')).toBe(-5)
    expect(parseInt32('+5')).toBe(5)
    expect(parseUint64('\t7')).toBe(7n)
    expect(parseUint64('7 junk')).toBe(7n)
    expect(parseUint64('7\r\n')).toBe(7n)
  })

  test.each(['', '-', 'x', '1x', '0x10', '1.5', ' ', '99999999999999999999999'])(
    'refuse %j',
    (text) => {
      expect(parseInt32(text)).toBeUndefined()
      expect(parseUint32(text)).toBeUndefined()
      expect(parseUint64(text)).toBeUndefined()
    },
  )

  test('wrap around at 32 bits', () => {
    expect(parseInt32('2147483648')).toBe(-2_147_483_648)
    expect(parseInt32('4294967296')).toBe(0)
    expect(parseUint32('4294967297')).toBe(1)
  })

  test('refuse what is too wide for 64 bits, and negative numbers without a sign bit to spare', () => {
    expect(parseInt32('9223372036854775807')).toBe(-1)
    expect(parseInt32('9223372036854775808')).toBeUndefined()
    expect(parseInt32('-9223372036854775808')).toBe(0)
    expect(parseUint64('18446744073709551616')).toBeUndefined()
    expect(parseUint64('-1')).toBeUndefined()
    expect(parseUint32('-1')).toBeUndefined()
    expect(parseUint64('-18446744073709551615')).toBe(1n)
  })

  test('agree with two’s complement arithmetic for every 64-bit number', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (number) => {
        expect(parseInt32(String(number))).toBe(Number(BigInt.asIntN(32, number)))
      }),
    )
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (number) => {
        expect(parseUint64(String(number))).toBe(number)
        expect(parseUint32(String(number))).toBe(Number(BigInt.asUintN(32, number)))
      }),
    )
  })
})
