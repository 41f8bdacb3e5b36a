import { isUint8Array } from 'node:util/types'
import { MemcacheIllegalInputError, type SerializedValue } from '@mc/protocol'
import { checkFlags, kindOf } from '@mc/protocol/toolkit'

/** What a serde's `serialize` gave, each part read once. @throws MemcacheIllegalInputError */
export function checkedSerialized(serialized: SerializedValue): SerializedValue {
  const { data, flags } = serialized ?? {}
  if (typeof data !== 'string' && !isUint8Array(data)) {
    throw new MemcacheIllegalInputError(
      `serialize must give { data, flags } with a string or Uint8Array as data, got ${kindOf(data)}`,
    )
  }
  return { data, flags: checkFlags(flags) }
}
