import { isAscii } from 'node:buffer'
import type { Serde } from '@mc/protocol'

/** The value after it went out and came back, as a client would do it. */
export async function roundTrip<V>(serde: Serde<V>, value: V): Promise<V> {
  const { data, flags } = await serde.serialize(value, 'key')
  return readItem(serde, data, flags)
}

/**
 * What a client reads from an item, in the way that the serde allows: in place in a read buffer, through
 * a view of it, or from bytes of its own. The read buffer is overwritten once the reading call has returned.
 */
export function readItem<V>(
  serde: Serde<V>,
  data: string | Uint8Array,
  flags: number,
): V | Promise<V> {
  const bytes = Buffer.from(data)
  if (serde.keepsData === undefined || serde.keepsData(flags)) {
    return serde.deserialize(bytes, flags, 'key')
  }
  const readBuffer = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
  queueMicrotask(() => readBuffer.fill(0))
  const end = 6 + bytes.length
  if (serde.deserializeSlice === undefined) {
    return serde.deserialize(readBuffer.subarray(6, end), flags, 'key')
  }
  // A client knows of some ASCII that it is.
  const isKnownAscii = bytes.length % 2 === 0 && isAscii(bytes)
  return serde.deserializeSlice(readBuffer, 6, end, flags, 'key', undefined, isKnownAscii)
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
