import type { ItemKey, Serde, SerializedValue } from '@mc/protocol'
import { isPromise } from '@mc/protocol/toolkit'
import { Flag } from './flags.ts'
import { checkedSerialized } from './serialized.ts'

/** Turns a value into data and flags. */
export type SerializeFunction<V> = Serde<V>['serialize']

/** Turns data and flags into a value. The data is the function's to keep. */
export type DeserializeFunction<V> = Serde<V>['deserialize']

/**
 * A serde of two functions, each of which may be async. Without `serialize`, strings and bytes are
 * written as they are with flags 0; without `deserialize`, reads give the bytes as a Buffer.
 *
 * What `serialize` gives is checked: data that is neither a string nor a Uint8Array, and flags that
 * are no integer from 0 to 4294967295, are illegal input.
 *
 * @typeParam V - the values it takes and gives
 */
export function functionSerde<V = unknown>(
  serialize: SerializeFunction<V> = passThrough,
  deserialize: DeserializeFunction<V> = (data) => data as V,
): Serde<V> {
  return {
    serialize(value: V, key: ItemKey): SerializedValue | Promise<SerializedValue> {
      const serialized = serialize(value, key)
      return isPromise(serialized)
        ? Promise.resolve(serialized).then(checkedSerialized)
        : checkedSerialized(serialized)
    },
    deserialize,
  }
}

function passThrough(value: unknown): SerializedValue {
  return { data: value as string | Uint8Array, flags: Flag.bytes }
}
