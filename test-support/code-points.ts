import fc from 'fast-check'

/** Any code point that UTF-8 can hold, as a `unit` of `fc.string`: fast-check's own `binary` takes a second to be made. */
export const codePoint: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
