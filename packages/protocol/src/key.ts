import { isProxy, isUint8Array } from 'node:util/types'
import { binaryKey } from './binary-key.ts'
import { plainBytes } from './bytes.ts'
import { illegalInput, MemcacheIllegalInputError } from './errors.ts'
import { HASHED_KEY_LENGTH, hashedKey, looksHashed } from './hashed-key.ts'
import type { ItemKey, Key } from './memcache-client.ts'

/** Longest key that memcached takes, prefix included, in bytes. */
export const MAX_KEY_LENGTH = 250

/**
 * A checked key as it goes on the wire: a string with one character per byte, prefix included. The
 * form is cheap to write, to compare with a reply's bytes and to look up in a map.
 */
export type WireKey = string

/** What decides how keys become bytes. */
export interface KeyRules {
  /** Goes in front of every key. @default '' */
  readonly prefix?: string | Uint8Array | undefined
  /** Take strings that are not ASCII, as UTF-8. @default false */
  readonly allowUnicode?: boolean | undefined
  /** Put a SHA-256 in place of a key that is too long or has illegal bytes. @default false */
  readonly hash?: boolean | undefined
  /** Send a key that has illegal bytes in base64, which meta commands take. Not with `hash`. @default false */
  readonly binary?: boolean | undefined
  /** Take pairs, whose second part is the key that is stored. @default false */
  readonly pairs?: boolean | undefined
}

/**
 * Checks keys and puts the prefix in front, since servers leave that to clients (PROTOCOL 1.1).
 *
 * A legal key has 1 to 250 bytes with the prefix, and no byte from 0 to 0x20 nor 0x7f. Bytes of 0x80
 * and above are legal in a `Uint8Array`, and in a string with `allowUnicode`.
 */
export class KeyEncoder {
  readonly #prefix: WireKey
  readonly #allowUnicode: boolean
  readonly #takesPairs: boolean
  #hashesKeys = false
  #sendsBinary = false

  /** @throws MemcacheIllegalInputError for a prefix that would make every key illegal */
  constructor(rules: KeyRules = {}) {
    this.#allowUnicode = rules.allowUnicode ?? false
    this.#takesPairs = rules.pairs ?? false
    this.#prefix = ''
    const { prefix } = rules
    if (prefix !== undefined && !isItemKey(prefix))
      illegalInput('a key prefix is a string or a Uint8Array')
    if (prefix !== undefined && prefix.length > 0) {
      this.#prefix = this.encode(prefix)
      if (this.#prefix.length === MAX_KEY_LENGTH)
        illegalInput('a key prefix of 250 bytes leaves no room')
    }
    this.#hashesKeys = rules.hash ?? false
    this.#sendsBinary = rules.binary ?? false
    if (this.#hashesKeys && this.#sendsBinary) {
      illegalInput('hashKeys and binaryKeys are two ways for the same keys: give one of them')
    }
    if (this.#hashesKeys && this.maxKeyLength < HASHED_KEY_LENGTH) {
      illegalInput(
        `a key prefix has at most ${MAX_KEY_LENGTH - HASHED_KEY_LENGTH} bytes with hashKeys, got ${this.#prefix.length}`,
      )
    }
  }

  /** Whether keys that are illegal by themselves are hashed. */
  get hashesKeys(): boolean {
    return this.#hashesKeys
  }

  /** Bytes that are left for a key behind the prefix. */
  get maxKeyLength(): number {
    return MAX_KEY_LENGTH - this.#prefix.length
  }

  /**
   * The key's bytes. Of a pair, its second part.
   *
   * @throws MemcacheIllegalInputError
   */
  encode(key: Key): WireKey {
    const item = itemKey(key)
    if (item !== key && !this.#takesPairs && !isRoutedKey(key)) notAKey(key)
    if (this.#hashesKeys && looksHashed(item)) return this.#prefix + hashedKey(item)
    // Nearly every key: looked at once, and not copied where there is no prefix.
    const isShort = item.length > 0 && this.#prefix.length + item.length <= MAX_KEY_LENGTH
    if (isShort && typeof item === 'string' && isGraphicAscii(item)) return this.#prefix + item
    try {
      return this.#encodeAny(item)
    } catch (error) {
      if (!(error instanceof MemcacheIllegalInputError) || item.length === 0) throw error
      if (!hasLoneSurrogate(item)) {
        if (this.#hashesKeys) return this.#prefix + hashedKey(item)
        if (this.#sendsBinary && item.length <= MAX_KEY_LENGTH) return binaryKey(this.#prefix, item)
      }
      throw new MemcacheIllegalInputError(`${error.reason}: ${shownKey(item)}`)
    }
  }

  #encodeAny(item: ItemKey): WireKey {
    // Checked before anything is made of it, which would spend time and memory on what is refused.
    if (typeof item === 'string' && item.length > MAX_KEY_LENGTH) {
      illegalInput(
        `key is too long: ${item.length} characters, at most ${MAX_KEY_LENGTH} bytes with its prefix`,
      )
    }
    const wire = this.#prefix + (typeof item === 'string' ? this.#text(item) : bytesToWire(item))
    if (wire.length === this.#prefix.length) illegalInput('key is empty')
    if (wire.length > MAX_KEY_LENGTH) {
      illegalInput(
        `key is too long: ${wire.length} bytes with its prefix, at most ${MAX_KEY_LENGTH}`,
      )
    }
    for (let i = this.#prefix.length; i < wire.length; i++) {
      const code = wire.charCodeAt(i)
      if (code <= 0x20 || code === 0x7f)
        illegalInput(`key contains ${nameOfByte(code)} at byte ${i}`)
    }
    return wire
  }

  #text(key: string): WireKey {
    for (let i = 0; i < key.length; i++) {
      if (key.charCodeAt(i) > 0x7f) return this.#unicode(key, i)
    }
    return key
  }

  #unicode(key: string, at: number): WireKey {
    if (!this.#allowUnicode) {
      illegalInput(
        `key contains a non-ASCII character at ${at}: set allowUnicodeKeys to send it as UTF-8`,
      )
    }
    if (hasLoneSurrogate(key))
      illegalInput('key contains a lone surrogate, which has no UTF-8 form')
    return Buffer.from(key, 'utf8').toString('latin1')
  }
}

function hasLoneSurrogate(key: ItemKey): boolean {
  return typeof key === 'string' && /\p{Surrogate}/u.test(key)
}

/** The part of a key that is stored. @throws MemcacheIllegalInputError if it is no key at all */
export function itemKey(key: Key): ItemKey {
  if (isItemKey(key)) return key
  const pair = keyPair(key)
  if (pair !== undefined) return pair[1]
  return notAKey(key)
}

function notAKey(key: unknown): never {
  const isArray = !isProxy(key) && Array.isArray(key)
  const hint = isArray
    ? ': getMany reads several keys; a pair [routingKey, key] needs HashClient, or the option routingKeys'
    : ''
  illegalInput(`key must be a string or a Uint8Array, got ${nameOfType(key)}${hint}`)
}

/** The parts of a key that chooses its server by another; `undefined` for any other value. */
export function keyPair(key: unknown): readonly [serverKey: ItemKey, key: ItemKey] | undefined {
  const pair = pairOf(key)
  if (pair === undefined || !isItemKey(pair[0]) || !isItemKey(pair[1])) return undefined
  return [pair[0], pair[1]]
}

/** Of every copy of this package. */
const ROUTED = Symbol.for('@mc/protocol routed key')

/** A pair that every client takes: for packages that are used over one server and over many. */
export function routedKey(
  routingKey: ItemKey,
  key: ItemKey,
): readonly [routingKey: ItemKey, key: ItemKey] {
  return Object.assign([routingKey, key] as const, { [ROUTED]: true })
}

function isRoutedKey(key: Key): boolean {
  return !isProxy(key) && Object.hasOwn(key as object, ROUTED)
}

/** A key as errors show it: printable, in quotes, at most 40 characters of it. */
export function shownKey(key: ItemKey): string {
  const text = typeof key === 'string' ? key : Buffer.from(key.subarray(0, 41)).toString('latin1')
  const shown = text.slice(0, 40).replace(/[^\x20-\x7e]/g, '?')
  return `"${shown}${text.length > 40 ? '…' : ''}"`
}

/** The bytes of a wire key. */
export function wireKeyBytes(key: WireKey): Buffer {
  return Buffer.from(key, 'latin1')
}

/**
 * From this length on, in characters, an expression takes less time than a loop: keys are often joined texts, of
 * which a character is slow to get.
 */
const LONG_KEY = 16
const NOT_GRAPHIC = /[^\x21-\x7e]/

function isGraphicAscii(text: string): boolean {
  if (text.length >= LONG_KEY) return !NOT_GRAPHIC.test(text)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f) return false
  }
  return true
}

function isItemKey(key: unknown): key is ItemKey {
  return typeof key === 'string' || isUint8Array(key)
}

function pairOf(key: unknown): readonly [unknown, unknown] | undefined {
  try {
    return Array.isArray(key) && key.length === 2 ? [key[0], key[1]] : undefined
  } catch {
    // A revoked proxy, for instance, is no key.
    return undefined
  }
}

function bytesToWire(key: Uint8Array): WireKey {
  const bytes = plainBytes(key)
  if (bytes.length > MAX_KEY_LENGTH) {
    illegalInput(
      `key is too long: ${bytes.length} bytes, at most ${MAX_KEY_LENGTH} with the prefix`,
    )
  }
  return bytes.toString('latin1')
}

const BYTE_NAMES: Readonly<Record<number, string>> = {
  0: 'null (NUL)',
  9: 'whitespace (TAB)',
  10: 'whitespace (LF)',
  11: 'whitespace (VT)',
  12: 'whitespace (FF)',
  13: 'whitespace (CR)',
  32: 'whitespace (space)',
}

function nameOfByte(code: number): string {
  return BYTE_NAMES[code] ?? `the control byte 0x${code.toString(16).padStart(2, '0')}`
}

function nameOfType(value: unknown): string {
  if (value === null) return 'null'
  if (isProxy(value)) return 'a proxy'
  return Array.isArray(value) ? `an array of ${value.length}` : typeof value
}
