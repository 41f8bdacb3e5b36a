import {
  type ItemKey,
  MemcacheIllegalInputError,
  type Serde,
  type SerializedValue,
} from '@mc/protocol'
import { Flag } from './flags.ts'
import { unreadable, unreadableFlags } from './unreadable.ts'

/**
 * Node's structured clone format, under flag 64: Map, Set, Date, RegExp, Error, bigint, typed arrays,
 * Buffer, `undefined` inside objects, cycles. Instances of classes come back as plain objects.
 *
 * Only Node reads it, and an older Node may not read what a newer one wrote. The engine does not
 * promise to withstand hostile data: use it only on caches that nobody untrusted can write to.
 */
export const structuredSerde: Serde<unknown> = {
  ignoresContext: true,
  keepsData: () => false,

  serialize(value: unknown): SerializedValue {
    if (value === undefined) {
      throw new MemcacheIllegalInputError('undefined cannot be stored: it is how a miss reads')
    }
    try {
      return { data: v8().serialize(value), flags: Flag.structured }
    } catch {
      // The engine's message shows the source of a function, the words of a symbol.
      throw new MemcacheIllegalInputError(
        'value cannot be cloned: it holds a function, a symbol, a promise or the like',
      )
    }
  },

  deserialize(data: Buffer, flags: number, key: ItemKey): unknown {
    if (flags !== Flag.structured) throw unreadableFlags(flags, key)
    // Buffers and typed arrays in the value are views of the data, so it must be nobody else's.
    const own = Buffer.allocUnsafeSlow(data.length)
    data.copy(own)
    try {
      return v8().deserialize(own)
    } catch {
      // The engine's message may quote it, such as a regular expression.
      throw unreadable('is not in the structured clone format', flags, key)
    }
  },
}

/** Loaded where it is needed, which saves others 3 ms of their start. */
function v8(): typeof import('node:v8') {
  return process.getBuiltinModule('node:v8')
}
