import { plainBytes } from './bytes.ts'
import type { ItemKey } from './memcache-client.ts'

const MARK = 'sha256:'
const FORM = /^sha256:[\da-f]{64}$/

/** Bytes of every hashed key. */
export const HASHED_KEY_LENGTH: number = MARK.length + 64

/** The key to store in place of one that is illegal by itself: its SHA-256 behind a mark. Text counts as UTF-8. */
export function hashedKey(key: ItemKey): string {
  // Loaded where it is used: a program without hashed keys starts sooner.
  const { hash } = process.getBuiltinModule('node:crypto')
  return MARK + hash('sha256', typeof key === 'string' ? key : plainBytes(key))
}

/** Whether a legal key has the form of a hashed one. It is hashed too, so that it is never taken for another. */
export function looksHashed(key: ItemKey): boolean {
  if (key.length !== HASHED_KEY_LENGTH) return false
  return FORM.test(typeof key === 'string' ? key : Buffer.from(key).toString('latin1'))
}
