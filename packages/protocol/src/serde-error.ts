import { MemcacheIllegalInputError, MemcacheSerdeError } from './errors.ts'
import { kindOf } from './foreign.ts'
import { shownKey } from './key.ts'
import type { ItemKey } from './memcache-client.ts'

// Errors of values that a serde could not read or write. What it threw may be anything, so no look at it may
// throw; and its message may quote the value, so only the words of our own errors go into ours.

/** Which value it was. */
export interface ValuePlace {
  readonly key: ItemKey
  readonly flags: number
  readonly server: string | undefined
  readonly command: string
}

/** The error of a value that could not be read. */
export function unreadableValue(thrown: unknown, place: ValuePlace): MemcacheSerdeError {
  const { key, flags } = place
  const name = `value of ${shownKey(key)}`
  const reason = reasonOf(thrown)
  // The serdes of this family name the value themselves.
  const message = reason.startsWith(name)
    ? reason
    : `${name} with flags ${flags} cannot be read: ${reason}`
  return new MemcacheSerdeError(message, { ...place, cause: thrown })
}

/** The error of a value that could not be written: illegal input remains that. */
export function unwritableValue(
  thrown: unknown,
  key: ItemKey,
  command: string,
): MemcacheIllegalInputError | MemcacheSerdeError {
  const message = `value of ${shownKey(key)} cannot be written: ${reasonOf(thrown)}`
  const options = { command, cause: thrown, written: false }
  return thrown instanceof MemcacheIllegalInputError
    ? new MemcacheIllegalInputError(message, options)
    : new MemcacheSerdeError(message, { ...options, key })
}

function reasonOf(thrown: unknown): string {
  try {
    if (thrown instanceof MemcacheIllegalInputError || thrown instanceof MemcacheSerdeError) {
      return `${thrown.reason}`
    }
  } catch {
    // A subclass may have a `reason` of its own.
  }
  return `the serde threw ${kindOf(thrown)}`
}
