import { type ItemKey, MemcacheSerdeError } from '@mc/protocol'
import { shownKey } from '@mc/protocol/toolkit'
import { COMPRESSION_FLAGS, Flag } from './flags.ts'

/** The error for a value that cannot be read, such as `unreadable('is no JSON', …)`. */
export function unreadable(
  why: string,
  flags: number,
  key: ItemKey,
  cause?: unknown,
): MemcacheSerdeError {
  const message = `value of ${shownKey(key)} with flags ${flags} ${why}`
  return new MemcacheSerdeError(message, { key, flags, cause })
}

/** The error for flags that a serde does not read, with what they mean where that is known. */
export function unreadableFlags(flags: number, key: ItemKey): MemcacheSerdeError {
  return unreadable(meaningOf(flags), flags, key)
}

function meaningOf(flags: number): string {
  if ((flags & COMPRESSION_FLAGS) !== 0) return 'may be compressed: compressedSerde reads it'
  if ((flags & Flag.pickle) !== 0) return 'is a Python pickle: pickleSerde reads it'
  if (flags === Flag.structured) return 'was written by structuredSerde'
  if (flags === Flag.json) return 'is JSON, which this serde does not read'
  return 'is of a kind that this serde does not know: rawSerde gives its bytes'
}
