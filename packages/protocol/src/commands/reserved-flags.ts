/**
 * Client flags of items that are no values of a serde. Their lower ten bits are clear, so that pymemcache, which
 * looks at those, reads the bytes as they are.
 */
export const ReservedFlags = {
  /** Nothing: it is remembered that there is no value. */
  nothing: 0x6d630400,
  /** Empty bytes of client flags 0, which would look like a placeholder. */
  emptyBytes: 0x6d630800,
  /** In the text dialect: somebody is to store a value. */
  lock: 0x6d630c00,
} as const

/** The flags to store with data: empty bytes must not look like a placeholder. */
export function storedFlags(flags: number, length: number): number {
  return flags === 0 && length === 0 ? ReservedFlags.emptyBytes : flags
}

/** The flags that a value was stored with. */
export function givenFlags(flags: number): number {
  return flags === ReservedFlags.emptyBytes ? 0 : flags
}

/** Whether an item is no value, by its flags alone. */
export function isReserved(flags: number): boolean {
  return flags === ReservedFlags.nothing || flags === ReservedFlags.lock
}
