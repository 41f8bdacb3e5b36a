import type { Serde } from '@mc/protocol'

/** The value after it went out and came back, as a client would do it. */
export async function roundTrip<V>(serde: Serde<V>, value: V): Promise<V> {
  const { data, flags } = await serde.serialize(value, 'key')
  return serde.deserialize(receive(serde, data, flags), flags, 'key')
}

/**
 * Data as a client hands it over: where the serde does not keep it, a view of a buffer that is
 * overwritten once the reading call has returned.
 */
export function receive(
  serde: Pick<Serde, 'keepsData'>,
  data: string | Uint8Array,
  flags: number,
): Buffer {
  const bytes = Buffer.from(data)
  if (serde.keepsData === undefined || serde.keepsData(flags)) return bytes
  const readBuffer = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
  queueMicrotask(() => readBuffer.fill(0))
  return readBuffer.subarray(6, 6 + bytes.length)
}

/** The error that a call throws or rejects with; `undefined` when it succeeds. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}
