import type { Serde, SerializedValue } from '@mc/protocol'
import { Flag } from './flags.ts'
import { fromJson, type JsonReplacer, type JsonReviver, toJson } from './json-text.ts'
import { decodeText, type SliceReader } from './text.ts'
import { unreadableFlags } from './unreadable.ts'

/** Options of `jsonSerde`. */
export interface JsonSerdeOptions {
  /** As the second argument of `JSON.stringify`. */
  readonly replacer?: JsonReplacer | undefined
  /** As the second argument of `JSON.parse`. */
  readonly reviver?: JsonReviver | undefined
}

const READABLE = Flag.json | Flag.text | Flag.integer | Flag.long

/**
 * Every value as JSON under flag 32. Reads take JSON of other tools too: without flags, as text, and
 * counters.
 *
 * Without a replacer, bytes and what `nativeSerde` refuses are illegal input, and numbers by themselves keep their
 * exact value, NaN and infinities included.
 *
 * @typeParam V - the values it takes and gives, which it does not check
 */
export function jsonSerde<V = unknown>({ replacer, reviver }: JsonSerdeOptions = {}): Serde<V> {
  const read: SliceReader<V> = (buffer, start, end, flags, key, _call, isAscii) => {
    if ((flags & ~READABLE) !== 0) throw unreadableFlags(flags, key)
    return fromJson(decodeText(buffer, start, end, flags, key, isAscii), flags, key, reviver) as V
  }
  return {
    keepsData: () => false,

    ignoresContext: replacer === undefined && reviver === undefined,
    serialize(value: V): SerializedValue {
      return { data: toJson(value, replacer), flags: Flag.json }
    },

    deserialize: (data, flags, key) => read(data, 0, data.length, flags, key),
    deserializeSlice: read,
  }
}
