import { isUint8Array } from 'node:util/types'
import type { ItemKey, Serde, SerializedValue } from '@mc/protocol'
import { fromJson, toJson } from './json-text.ts'
import type { NativeValue } from './native-serde.ts'
import { decodeText, type SliceReader } from './text.ts'
import { unreadable, unreadableFlags } from './unreadable.ts'

/** The client flags of npm `memcached`, which are not those of `Flag`. */
const TEXT = 0
const JSON_TEXT = 2
const BINARY = 4
const NUMBER = 8

const read: SliceReader<NativeValue> = (buffer, start, end, flags, key, _call, isAscii) => {
  if (![TEXT, JSON_TEXT, BINARY, NUMBER].includes(flags)) throw unreadableFlags(flags, key)
  const text = unescaped(decodeText(buffer, start, end, flags, key, isAscii))
  if (flags === TEXT) return text
  if (flags === JSON_TEXT) return fromJson(text, flags, key) as NativeValue
  if (flags === NUMBER) return number(text, flags, key)
  if (/[^\0-\xff]/.test(text)) throw unreadable('has characters that are not bytes', flags, key)
  return Buffer.from(text, 'latin1')
}

/**
 * Shares items with npm `memcached` 2: text, numbers, bytes, and all else as JSON, under its flags and in its form, which
 * has a backslash before each line break and stores each byte as a character in UTF-8.
 *
 * The rules of JSON hold as in `nativeSerde`; a bigint is illegal input.
 */
export const memcachedSerde: Serde<NativeValue> = {
  ignoresContext: true,
  keepsData: () => false,

  serialize(value: NativeValue): SerializedValue {
    if (typeof value === 'string') return { data: escaped(value), flags: TEXT }
    if (typeof value === 'number') return { data: String(value), flags: NUMBER }
    if (!isUint8Array(value)) return { data: escaped(toJson(value)), flags: JSON_TEXT }
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return { data: escaped(bytes.toString('latin1')), flags: BINARY }
  },

  deserialize: (data, flags, key) => read(data, 0, data.length, flags, key),
  deserializeSlice: read,
}

function number(text: string, flags: number, key: ItemKey): number {
  const value = Number(text)
  const isNumber = text.trim() !== '' && (!Number.isNaN(value) || text === 'NaN')
  if (!isNumber) throw unreadable('is not a number', flags, key)
  return value
}

function escaped(text: string): string {
  return text.replace(/[\r\n]/g, '\\$&')
}

function unescaped(text: string): string {
  return text.replace(/\\([\r\n])/g, '$1')
}
