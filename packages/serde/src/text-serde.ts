import { MemcacheIllegalInputError, type Serde, type SerializedValue } from '@mc/protocol'
import { Flag } from './flags.ts'
import { decodeText, isWellFormed, type SliceReader } from './text.ts'
import { unreadableFlags } from './unreadable.ts'

const READABLE = Flag.text | Flag.integer | Flag.long

const read: SliceReader<string> = (buffer, start, end, flags, key, _call, isAscii) => {
  if ((flags & ~READABLE) !== 0) throw unreadableFlags(flags, key)
  return decodeText(buffer, start, end, flags, key, isAscii)
}

/**
 * Text as UTF-8 under pymemcache's flag 16. Reads give the text of bytes without flags and of integers
 * too. Strings with a lone surrogate are illegal input: UTF-8 cannot hold them.
 */
export const textSerde: Serde<string> = {
  ignoresContext: true,
  keepsData: () => false,

  serialize(value: string): SerializedValue {
    if (typeof value !== 'string') {
      throw new MemcacheIllegalInputError(`textSerde takes a string, got ${typeof value}`)
    }
    if (!isWellFormed(value)) {
      throw new MemcacheIllegalInputError('text contains a lone surrogate, which has no UTF-8 form')
    }
    return { data: value, flags: Flag.text }
  },

  deserialize: (data, flags, key) => read(data, 0, data.length, flags, key),
  deserializeSlice: read,
}
