import { StoreCommand, type StoreVerb } from '../commands/storage.ts'
import { MemcacheIllegalInputError, MemcacheSerdeError } from '../errors.ts'
import { checkFlags, toExptime } from '../integer.ts'
import { itemKey, type KeyEncoder } from '../key.ts'
import type { CasToken, ItemKey, Key, StoreOptions } from '../memcache-client.ts'
import type { Serde, SerializedValue } from '../serde.ts'

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
  const exptime = options?.expire === undefined ? 0 : toExptime(options.expire, now)
  const ownFlags = options?.flags === undefined ? undefined : checkFlags(options.flags)
  const build = ({ data, flags }: SerializedValue): StoreCommand =>
    new StoreCommand(verb, wire, data, ownFlags ?? checkFlags(flags), exptime, cas)
  const serialized = serialize(serde, value, itemKey(key), verb)
  return serialized instanceof Promise ? serialized.then(build) : build(serialized)
}

function serialize<V>(
  serde: Serde<V>,
  value: V,
  key: ItemKey,
  command: string,
): SerializedValue | Promise<SerializedValue> {
  try {
    const serialized = serde.serialize(value, key)
    if (!(serialized instanceof Promise)) return checked(serialized)
    return serialized.then(checked).catch((error: unknown) => {
      throw serdeError(error, key, command)
    })
  } catch (error) {
    throw serdeError(error, key, command)
  }
}

function checked(serialized: SerializedValue): SerializedValue {
  const { data } = serialized
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new TypeError('serialize must give data as a string or Uint8Array, and flags')
  }
  return serialized
}

function serdeError(cause: unknown, key: ItemKey, command: string): Error {
  if (cause instanceof MemcacheIllegalInputError || cause instanceof MemcacheSerdeError)
    return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MemcacheSerdeError(`the value cannot be written: ${reason}`, {
    key,
    command,
    cause,
    written: false,
  })
}
