import { createHash } from 'node:crypto'
import { mustBe } from '@mc/protocol/toolkit'

const MARK = 'sha256-'
/** Behind it 43 characters of base64url. */
export const HASHED_LENGTH: number = MARK.length + 43
const LOOKS_HASHED = /^sha256-[\w-]{43}$/
const LEGAL = /^[\x21-\x7e]+$/

/** Makes keys of one prefix out of any strings, by which two different strings never share an item. */
export class Keys {
  readonly #prefix: string
  readonly #room: number

  /**
   * @param maxKeyLength - the client's
   * @param option - the name of the prefix in errors
   * @throws TypeError, RangeError for a prefix that memcached does not take or that leaves no room for a hash
   */
  constructor(prefix: string, maxKeyLength: number, option = 'prefix') {
    this.#prefix = checkPrefix(option, prefix, maxKeyLength - HASHED_LENGTH)
    this.#room = maxKeyLength - prefix.length
  }

  /** The prefix with the key behind it, or with the key's hash where memcached does not take the key as it is. */
  key(key: string): string {
    return this.#prefix + legalKey(key, this.#room)
  }
}

/** The key itself, or its SHA-256 if it is longer than `room`, illegal, or could be taken for a hash. */
export function legalKey(key: string, room: number): string {
  const isLegal = key.length <= room && LEGAL.test(key)
  if (isLegal && !(key.length === HASHED_LENGTH && LOOKS_HASHED.test(key))) return key
  // Of its UTF-16: in UTF-8 all lone surrogates are the same.
  return MARK + createHash('sha256').update(key, 'utf16le').digest('base64url')
}

function checkPrefix(option: string, prefix: string, maxLength: number): string {
  const allowed = `a string of printable ASCII without spaces, at most ${maxLength} characters long`
  if (typeof prefix !== 'string') mustBe(option, allowed, prefix)
  if (prefix === '' || (prefix.length <= maxLength && LEGAL.test(prefix))) return prefix
  throw new RangeError(`${option} must be ${allowed}, got ${JSON.stringify(prefix.slice(0, 40))}`)
}
