import { isAscii } from 'node:buffer'
import type { ItemKey, Serde } from '@mc/protocol'
import type { TextBuffer } from '@mc/protocol/toolkit'
import { unreadable } from './unreadable.ts'

/** How a serde reads bytes in place. */
export type SliceReader<V> = NonNullable<Serde<V>['deserializeSlice']>

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** From this length on, asking whether text is ASCII takes less time than it saves, in bytes. */
const LONG = 2048

/** What a decoder that is not strict puts in place of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd'

/**
 * The text of UTF-8 bytes from `start` up to `end`, a byte order mark included.
 *
 * @param isKnownAscii - whether they are known to be ASCII
 * @throws MemcacheSerdeError where they are not UTF-8
 */
export function decodeText(
  buffer: Buffer,
  start: number,
  end: number,
  flags: number,
  key: ItemKey,
  isKnownAscii = false,
): string {
  if (isKnownAscii) return (buffer as TextBuffer).latin1Slice(start, end)
  // The strict decoder wants a view of the bytes, which takes as long to make as a short text to read.
  if (end - start < LONG) {
    const text = (buffer as TextBuffer).utf8Slice(start, end)
    if (text.indexOf(REPLACEMENT) < 0) return text
  }
  const bytes = buffer.subarray(start, end)
  try {
    return isAscii(bytes) ? bytes.toString('latin1') : decoder.decode(bytes)
  } catch {
    throw unreadable('is not valid UTF-8', flags, key)
  }
}

/** False for text with a lone surrogate, which UTF-8 cannot hold. */
export function isWellFormed(text: string): boolean {
  // In every supported Node, but not yet in the library types that this project compiles with.
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
