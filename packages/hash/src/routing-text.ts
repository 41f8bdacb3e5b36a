import { isUtf8 } from 'node:buffer'
import {
  type ItemKey,
  itemKey,
  type Key,
  MAX_KEY_LENGTH,
  MemcacheIllegalInputError,
} from '@mc/protocol'
import { hashedKey, plainBytes } from '@mc/protocol/toolkit'

/**
 * How a key given as bytes enters the hash. `text`: as the text that the bytes spell, so that both forms
 * of one key live on one server. `python-bytes`: as the Python literal of the bytes, such as `b'key'`,
 * where pymemcache looks for keys that its user gave as bytes.
 */
export type KeyHashForm = 'text' | 'python-bytes'

/**
 * What is hashed to find a key's server: the key as given, without prefix; of a pair, the first part.
 *
 * @param hashesKeys - whether the clients hash keys that are too long: then that is what such a key is placed by
 * @throws MemcacheIllegalInputError for what is no key at all, or too long for one: a key of 50 MB is refused
 *   before it is hashed
 */
export function routingText(key: Key, form: KeyHashForm, hashesKeys = false): string {
  const item = itemKey(key)
  if (!hashesKeys) checkLength(item)
  else if (item === key && item.length > MAX_KEY_LENGTH) return hashedKey(item)
  if (typeof key === 'string') return key
  const routing = key instanceof Uint8Array ? key : key[0]
  if (typeof routing === 'string') return routing
  const bytes = plainBytes(routing)
  return form === 'text' ? textOf(bytes) : pythonLiteral(bytes)
}

/** In UTF-8 no character is shorter than in UTF-16. */
function checkLength(key: ItemKey): void {
  if (key.length <= MAX_KEY_LENGTH) return
  throw new MemcacheIllegalInputError(
    `key is too long: more than ${MAX_KEY_LENGTH} bytes, at most ${MAX_KEY_LENGTH} with the prefix`,
  )
}

/** Bytes that are no UTF-8 spell one character each. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1')
}

const PYTHON_ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  13: '\\r',
  92: '\\\\',
}

function pythonLiteral(bytes: Buffer): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'"
  let literal = `b${quote}`
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    if (character === quote) literal += `\\${quote}`
    else if (byte in PYTHON_ESCAPES) literal += PYTHON_ESCAPES[byte]
    else if (byte >= 0x20 && byte < 0x7f) literal += character
    else literal += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return literal + quote
}
