import type { ItemKey } from './memcache-client.ts'

/** A key as dumps and watchers write it, percent-encoded: a string where it is UTF-8, else its bytes. */
export function decodeDumpedKey(text: string): ItemKey {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return Buffer.from(
      text.replace(/%([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    )
  }
}
