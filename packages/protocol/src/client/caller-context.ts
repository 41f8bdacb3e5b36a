import { AsyncLocalStorage } from 'node:async_hooks'
import type { Serde } from '../serde.ts'

/**
 * The serde for what is read by a call that is made now. A reply comes in the context of its connection, where an
 * `AsyncLocalStorage` holds what it held when that was opened, or the data of another call.
 */
export function inCallersContext<V>(serde: Serde<V>): Serde<V> {
  const run = AsyncLocalStorage.snapshot()
  const { keepsData, deserializeSlice } = serde
  return {
    serialize: (...args) => serde.serialize(...args),
    deserialize: (...args) => run(() => serde.deserialize(...args)),
    ...(keepsData && { keepsData: (flags) => run(() => keepsData.call(serde, flags)) }),
    ...(deserializeSlice && {
      deserializeSlice: (...args) => run(() => deserializeSlice.apply(serde, args)),
    }),
  }
}
