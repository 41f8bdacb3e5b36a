import { parseUint64 } from '../protocol/index.ts'
import type { Exchange } from './exchange.ts'
import { type Item, sizeOf } from './item.ts'
import { isChunked } from './slab-classes.ts'

export const NON_NUMERIC = 'CLIENT_ERROR cannot increment or decrement non-numeric value'
const SPACE = 0x20

export type DeltaResult =
  | { readonly outcome: 'changed'; readonly value: string; readonly item: Item }
  | { readonly outcome: 'missing' | 'mismatch' | 'non-numeric' }

/** A change of a counter. */
export interface Delta {
  readonly key: string
  readonly increment: boolean
  readonly delta: bigint
  /** CAS unique that the item must have; 0 for any. @default 0n */
  readonly cas?: bigint | undefined
}

/** Adds to a counter, which wraps at 2^64, or takes from it down to 0. */
export function addDelta(exchange: Exchange, change: Delta): DeltaResult {
  const { key, increment, delta, cas = 0n } = change
  const { store } = exchange.server
  const item = store.find(key)
  if (item === undefined) return { outcome: 'missing' }
  if (item.data.length === 0 || isChunked(sizeOf(item))) return { outcome: 'non-numeric' }
  if (cas !== 0n && BigInt(item.cas) !== cas) return { outcome: 'mismatch' }
  const old = parseUint64(`${item.data.toString('latin1')}\r\n`)
  if (old === undefined) return { outcome: 'non-numeric' }

  store.counters.count(increment ? 'incr_hits' : 'decr_hits', item)
  const value = (
    increment ? BigInt.asUintN(64, old + delta) : delta > old ? 0n : old - delta
  ).toString()
  write(exchange, item, value)
  return { outcome: 'changed', value, item }
}

/**
 * Writes a counter over its old value, filled up with spaces. Where it does not fit or the old value
 * is still on its way out, makes a new item; the old one gets the new CAS unique.
 */
function write(exchange: Exchange, item: Item, value: string): void {
  const { store } = exchange.server
  if (value.length <= item.data.length && !exchange.isHeld(item)) {
    item.cas = store.nextCas()
    item.data.fill(SPACE)
    item.data.write(value, 'latin1')
    store.refresh(item)
    return
  }
  const { key, flags, exptime } = item
  item.cas = store.link({ key, flags, exptime, data: Buffer.from(value, 'latin1') }).cas
}
