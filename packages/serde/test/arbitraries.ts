import fc from 'fast-check'
import { codePoint } from '../../../test-support/code-points.ts'

/** Any text at all, lone surrogates included. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: codePoint }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
)

/** Text that UTF-8 can hold. */
export const wellFormedText: fc.Arbitrary<string> = fc.string({ unit: codePoint })

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 300 })

export const int64: fc.Arbitrary<bigint> = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

/** Numbers of every kind: NaN, infinities, -0, integers past 2^53. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** 53,
    1e300,
  ),
)

/** JSON values. -0 is left out: inside arrays and objects JSON writes it as 0. */
export const jsonValue: fc.Arbitrary<unknown> = fc.jsonValue().map((value) => {
  return JSON.parse(JSON.stringify(value)) as unknown
})
