import { isUint8Array } from 'node:util/types'
import { MemcacheSerdeError } from '../errors.ts'
import { isPromise, kindOf } from '../foreign.ts'
import type { ItemKey } from '../memcache-client.ts'
import type { Serde, SerializedValue } from '../serde.ts'
import { unwritableValue } from '../serde-error.ts'

/** Makes a command of what a serde wrote; the flags are not checked. */
export type CommandBuilder<C> = (data: string | Uint8Array, flags: number) => C

/**
 * The command that a value comes to once its serde has written it.
 *
 * @param name - of the command, for errors
 * @throws MemcacheIllegalInputError, MemcacheSerdeError
 */
export function serializedCommand<V, C>(
  serde: Serde<V>,
  key: ItemKey,
  value: V,
  name: string,
  build: CommandBuilder<C>,
): C | Promise<C> {
  try {
    const serialized = serde.serialize(value, key)
    if (!isPromise(serialized)) return built(serialized, build)
    return Promise.resolve(serialized)
      .then((late) => built(late, build))
      .catch((thrown: unknown) => {
        throw unwritableValue(thrown, key, name)
      })
  } catch (thrown) {
    throw unwritableValue(thrown, key, name)
  }
}

function built<C>(serialized: SerializedValue, build: CommandBuilder<C>): C {
  // Read once: a getter may answer differently the second time.
  const { data, flags } = serialized ?? {}
  if (typeof data !== 'string' && !isUint8Array(data)) {
    throw new MemcacheSerdeError(
      `serialize must give { data, flags } with a string or Uint8Array as data, got ${kindOf(data)}`,
    )
  }
  return build(data, flags)
}
