import { isUint8Array } from 'node:util/types'
import { MemcacheIllegalInputError, type Serde, type SerializedValue } from '@mc/protocol'
import { Flag } from './flags.ts'

/** Bytes as they are, whatever the flags of an item say. Reads give a Buffer; writes have flags 0. */
export const rawSerde: Serde<Uint8Array> = {
  ignoresContext: true,
  serialize(value: Uint8Array): SerializedValue {
    if (!isUint8Array(value)) {
      throw new MemcacheIllegalInputError(`rawSerde takes a Uint8Array, got ${typeof value}`)
    }
    return { data: value, flags: Flag.bytes }
  },

  deserialize(data: Buffer): Buffer {
    return data
  },
}
