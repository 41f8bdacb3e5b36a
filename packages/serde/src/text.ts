import { unreadable } from './unreadable.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of UTF-8 bytes, a byte order mark included.
 *
 * @throws MemcacheSerdeError where they are not UTF-8
 */
export function decodeText(data: Buffer, flags: number, key: string): string {
  try {
    return decoder.decode(data)
  } catch {
    throw unreadable('is not valid UTF-8', flags, key)
  }
}

/** False for text with a lone surrogate, which UTF-8 cannot hold. */
export function isWellFormed(text: string): boolean {
  // In every supported Node, but not yet in the library types that this project compiles with.
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
