import {
  type ItemKey,
  MemcacheIllegalInputError,
  MemcacheSerdeError,
  type Serde,
  type SerializedValue,
} from '@mc/protocol'

/** The value as bytes and flags. @throws MemcacheIllegalInputError, MemcacheSerdeError */
export function serialize<V>(
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
