// An opaque is a number in base 64. Its digits are the characters from `0` to `o`: four of them count further than
// commands can be in flight, and they are written and read in less time than decimal ones.

export const OPAQUE_DIGITS = 4
export const FIRST_OPAQUE_DIGIT = 0x30

/** How many opaques there are: of so many requests in flight no two have the same. */
export const OPAQUES: number = 64 ** OPAQUE_DIGITS
