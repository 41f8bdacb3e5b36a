import { isUint8Array } from 'node:util/types'
import { MemcacheSerdeError } from '../errors.ts'
import { isPromise, kindOf } from '../foreign.ts'
import type { ItemKey } from '../memcache-client.ts'
import type { Serde, SerializedValue } from '../serde.ts'
import { unwritableValue } from '../serde-error.ts'

/**
 * The command that a value comes to once its serde has written it.
 *
 * @param name - of the command, for errors
 * @throws MemcacheIllegalInputError, MemcacheSerdeError
 */
export function serializedCommand<V, C>(
  {
    serde,
    key,
    value,
    name,
  }: {
    readonly serde: Serde<V>
    readonly key: ItemKey
    readonly value: V
    readonly name: string
  },
  build: (serialized: SerializedValue) => C,
): C | Promise<C> {
  const checked = (serialized: SerializedValue): C => {
    // Read once: a getter may answer differently the second time.
    const { data, flags } = serialized ?? {}
    if (typeof data !== 'string' && !isUint8Array(data)) {
      throw new MemcacheSerdeError(
        `serialize must give { data, flags } with a string or Uint8Array as data, got ${kindOf(data)}`,
      )
    }
    return build({ data, flags })
  }
  try {
    const serialized = serde.serialize(value, key)
    if (!isPromise(serialized)) return checked(serialized)
    return Promise.resolve(serialized)
      .then(checked)
      .catch((thrown: unknown) => {
        throw unwritableValue(thrown, key, name)
      })
  } catch (thrown) {
    throw unwritableValue(thrown, key, name)
  }
}
