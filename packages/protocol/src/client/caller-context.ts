import { AsyncResource } from 'node:async_hooks'
import type { Serde } from '../serde.ts'

/**
 * The serde for what is read by a call that is made now. A reply comes in the context of its connection, where an
 * `AsyncLocalStorage` holds what it held when that was opened, or the data of another call.
 */
export function inCallersContext<V>(serde: Serde<V>): Serde<V> {
  // `AsyncLocalStorage.snapshot` does the same and takes ten times as long.
  const context = new AsyncResource('mc.serde', { requireManualDestroy: true })
  const { keepsData, deserializeSlice } = serde
  const bound: { -readonly [name in keyof Serde<V>]: Serde<V>[name] } = {
    serialize: (...args) => serde.serialize(...args),
    deserialize: (...args) => context.runInAsyncScope(serde.deserialize, serde, ...args),
  }
  if (keepsData !== undefined) bound.keepsData = (flags) => keepsData.call(serde, flags)
  if (deserializeSlice !== undefined) {
    bound.deserializeSlice = (...args) => context.runInAsyncScope(deserializeSlice, serde, ...args)
  }
  return bound
}
