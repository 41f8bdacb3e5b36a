import { isUint8Array } from 'node:util/types'
import type { ItemKey, Serde, SerializedValue } from '@mc/protocol'
import { Flag } from './flags.ts'
import { decodeIntegerText, encodeBigint } from './integer-text.ts'
import { fromJson, toJson } from './json-text.ts'
import { decodeText, isWellFormed } from './text.ts'
import { unreadableFlags } from './unreadable.ts'

/**
 * What `nativeSerde` takes and gives: text, bytes (given back as Buffer), numbers, bigints, booleans,
 * `null`, and arrays and objects as far as JSON can hold them.
 */
export type NativeValue = string | number | bigint | boolean | object | null

const READABLE = Flag.integer | Flag.long | Flag.text | Flag.json

/**
 * Gives back what was put in, and shares items with pymemcache: strings (flags 16), bytes (0), integer
 * numbers (2) and bigints (4) are written as its serde reads them. All else is JSON under a flag of
 * ours, which pymemcache gives as bytes: other numbers with their exact value, strings with a lone
 * surrogate, booleans, `null`, arrays and objects.
 *
 * Inside arrays and objects the rules of JSON hold: members that are `undefined` are left out, a Date
 * becomes its ISO text, NaN becomes `null`, a Map loses everything. `structuredSerde` keeps those.
 * `undefined`, functions, symbols, and what JSON would make `{}` of, such as a Map or a promise, are
 * illegal input.
 */
export const nativeSerde: Serde<NativeValue> = {
  ignoresContext: true,
  serialize(value: NativeValue): SerializedValue {
    switch (typeof value) {
      case 'string':
        if (isWellFormed(value)) return { data: value, flags: Flag.text }
        break
      case 'number':
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
          return { data: String(value), flags: Flag.integer }
        }
        break
      case 'bigint':
        return { data: encodeBigint(value), flags: Flag.long }
      default:
        if (isUint8Array(value)) return { data: value, flags: Flag.bytes }
    }
    return { data: toJson(value), flags: Flag.json }
  },

  deserialize(data: Buffer, flags: number, key: ItemKey): NativeValue {
    return flags === Flag.bytes ? data : read(data, 0, data.length, flags, key)
  },

  keepsData: (flags) => flags === Flag.bytes,
  deserializeSlice: read,
}

/** Reads all but bytes. Where several flags are set, the first that pymemcache looks at decides. */
function read(
  buffer: Buffer,
  start: number,
  end: number,
  flags: number,
  key: ItemKey,
): NativeValue {
  if ((flags & ~(READABLE | Flag.pickle)) !== 0) throw unreadableFlags(flags, key)
  if ((flags & Flag.text) !== 0) return decodeText(buffer, start, end, flags, key)
  if ((flags & Flag.integer) !== 0) {
    const text = decodeIntegerText(buffer, start, end, flags, key)
    const number = Number(text)
    if (!Number.isSafeInteger(number)) return BigInt(text)
    return number === 0 ? 0 : number // an integer has no -0
  }
  if ((flags & Flag.long) !== 0) return BigInt(decodeIntegerText(buffer, start, end, flags, key))
  if ((flags & Flag.pickle) !== 0) throw unreadableFlags(flags, key)
  return fromJson(decodeText(buffer, start, end, flags, key), flags, key) as NativeValue
}
