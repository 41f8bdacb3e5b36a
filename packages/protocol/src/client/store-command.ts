import { isUint8Array } from 'node:util/types'
import { StoreCommand, type StoreVerb } from '../commands/storage.ts'
import { MemcacheSerdeError } from '../errors.ts'
import { isPromise, kindOf } from '../foreign.ts'
import { checkFlags, toExptime } from '../integer.ts'
import { itemKey, type KeyEncoder } from '../key.ts'
import type { CasToken, Key, StoreOptions } from '../memcache-client.ts'
import type { Serde, SerializedValue } from '../serde.ts'
import { unwritableValue } from '../serde-error.ts'

/** The command that stores a value. @throws MemcacheIllegalInputError, MemcacheSerdeError */
export function storeCommand<V>(
  verb: StoreVerb,
  encoder: KeyEncoder,
  key: Key,
  serde: Serde<V>,
  value: V,
  options: StoreOptions | undefined,
  cas: CasToken | undefined,
  now: () => number,
): StoreCommand | Promise<StoreCommand> {
  const wire = encoder.encode(key)
  const item = itemKey(key)
  const exptime = options?.expire === undefined ? 0 : toExptime(options.expire, now)
  const ownFlags = options?.flags === undefined ? undefined : checkFlags(options.flags)
  const build = (serialized: SerializedValue): StoreCommand => {
    // Read once: a getter may answer differently the second time.
    const { data, flags } = serialized ?? {}
    if (typeof data !== 'string' && !isUint8Array(data)) {
      throw new MemcacheSerdeError(
        `serialize must give { data, flags } with a string or Uint8Array as data, got ${kindOf(data)}`,
      )
    }
    return new StoreCommand(verb, wire, data, ownFlags ?? checkFlags(flags), exptime, cas)
  }
  try {
    const serialized = serde.serialize(value, item)
    if (!isPromise(serialized)) return build(serialized)
    return Promise.resolve(serialized)
      .then(build)
      .catch((thrown: unknown) => {
        throw unwritableValue(thrown, item, verb)
      })
  } catch (thrown) {
    throw unwritableValue(thrown, item, verb)
  }
}
