import { isUint8Array } from 'node:util/types'
import type { ItemKey, Serde, SerializedValue } from '@mc/protocol'
import { checkObject, checkOptionNames, optionNames } from '@mc/protocol/toolkit'
import { Flag } from './flags.ts'
import { decodeIntegerText, encodeBigint } from './integer-text.ts'
import { fromJson, toJson } from './json-text.ts'
import { decodeText, isWellFormed, type SliceReader } from './text.ts'
import { unreadableFlags } from './unreadable.ts'

/**
 * What `nativeSerde` takes and gives: text, bytes (given back as Buffer), numbers, bigints, booleans,
 * `null`, and arrays and objects as far as JSON can hold them.
 */
export type NativeValue = string | number | bigint | boolean | object | null

const READABLE = Flag.integer | Flag.long | Flag.text | Flag.json

/** Reads all but bytes. Where several flags are set, the first that pymemcache looks at decides. */
const read: SliceReader<NativeValue> = (buffer, start, end, flags, key, _call, isAscii) => {
  if ((flags & ~(READABLE | Flag.pickle)) !== 0) throw unreadableFlags(flags, key)
  if ((flags & Flag.text) !== 0) return decodeText(buffer, start, end, flags, key, isAscii)
  if ((flags & Flag.integer) !== 0) {
    const text = decodeIntegerText(buffer, start, end, flags, key)
    const number = Number(text)
    if (!Number.isSafeInteger(number)) return BigInt(text)
    return number === 0 ? 0 : number // an integer has no -0
  }
  if ((flags & Flag.long) !== 0) return BigInt(decodeIntegerText(buffer, start, end, flags, key))
  if ((flags & Flag.pickle) !== 0) throw unreadableFlags(flags, key)
  return fromJson(decodeText(buffer, start, end, flags, key, isAscii), flags, key) as NativeValue
}

/**
 * Gives back what was put in, and shares items with pymemcache: strings (flags 16), bytes (0), integer
 * numbers (2) and bigints (4) are written as its serde reads them. All else is JSON under a flag of
 * ours, which pymemcache gives as bytes: other numbers with their exact value, strings with a lone
 * surrogate, booleans, `null`, arrays and objects.
 *
 * Inside arrays and objects the rules of JSON hold: members that are `undefined` are left out, a Date or
 * another object with `toJSON` becomes what that returns, NaN becomes `null`. `structuredSerde` keeps those.
 * What JSON would drop is illegal input, wherever it is in the value: functions, symbols, promises, and
 * instances of classes without `toJSON`, such as Map. So is a value `undefined`.
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

/** Options of `nativeSerdeWith`. */
export interface NativeSerdeOptions {
  /** Reads the items of flag 1, such as `pickleSerde()`. */
  readonly pickles: Serde<unknown>
}

/**
 * `nativeSerde` which reads pickles too, and so all that pymemcache's default serde writes. It writes what
 * `nativeSerde` writes, and never a pickle: `pickleSerde` does.
 *
 * @throws TypeError for invalid options
 */
export function nativeSerdeWith(options: NativeSerdeOptions): Serde<unknown> {
  checkOptionNames(options, OPTIONS)
  const { pickles } = options
  checkObject('pickles', pickles)
  return {
    ignoresContext: pickles.ignoresContext,
    serialize: (value, key) => nativeSerde.serialize(value as NativeValue, key),
    deserialize(data, flags, key, call) {
      return flags === Flag.pickle
        ? pickles.deserialize(data, flags, key, call)
        : nativeSerde.deserialize(data, flags, key)
    },
    keepsData(flags) {
      if (flags !== Flag.pickle) return flags === Flag.bytes
      return pickles.keepsData === undefined || pickles.keepsData(flags)
    },
    deserializeSlice(buffer, start, end, flags, key, call, isAscii) {
      if (flags !== Flag.pickle) return read(buffer, start, end, flags, key, call, isAscii)
      return pickles.deserialize(buffer.subarray(start, end), flags, key, call)
    },
  }
}

const OPTIONS = optionNames<NativeSerdeOptions>({ pickles: true })
