import fc from 'fast-check'

const anyCodeUnit = fc.integer({ max: 0xffff, min: 0 }).map((code) => String.fromCharCode(code))

/** Text of any UTF-16, lone surrogates included, of characters that keys may have, or too long for a key. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: anyCodeUnit }),
  fc.string(),
  fc.string({ minLength: 200 }),
)
