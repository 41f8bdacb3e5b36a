import { type Item, itemSize } from './item.ts'
import { percentEncode } from './percent-encode.ts'
import { slabClass } from './slab-classes.ts'
import type { Store } from './store.ts'

export type StoreMode = 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas'
export type StoreOutcome = 'STORED' | 'NOT_STORED' | 'EXISTS' | 'NOT_FOUND'

export interface StoreOperation {
  readonly mode: StoreMode
  readonly key: string
  readonly flags: number
  /** Moment of expiry in server time. */
  readonly exptime: number
  readonly data: Buffer
  /** 0: no check, except with mode `cas`, which it fails. */
  readonly cas: bigint
  /** A lower CAS unique than the item's stores the value as stale. */
  readonly invalidate: boolean
  readonly binaryKey: boolean
  /** With mode `append` or `prepend`: make an item where there is none. @default false */
  readonly create?: boolean
  /** CAS unique for the item. @default the next of the server's own */
  readonly newCas?: bigint | undefined
}

interface StoreResult {
  readonly outcome: StoreOutcome
  /** What was stored. */
  readonly item?: Item
}

/** Runs a storage command of either dialect. */
export function runStore(store: Store, command: StoreOperation): StoreResult {
  const result = run(store, command)
  store.watchers.emit('mutations', () => describe(store, command, result))
  return result
}

/** As watchers show it. */
function describe({ time, watchers }: Store, command: StoreOperation, result: StoreResult): string {
  const { key, flags, exptime, mode } = command
  const { length } = (result.item ?? command).data
  const ttl = exptime === 0 ? 0 : (exptime - time.now) >>> 0
  return (
    `type=item_store key=${percentEncode(key)} status=${result.outcome.toLowerCase()} cmd=${mode}` +
    ` ttl=${ttl} clsid=${slabClass(itemSize(key.length, flags, length))} cfd=${watchers.connection} size=${length}`
  )
}

function run(store: Store, command: StoreOperation): StoreResult {
  const old = store.find(command.key)
  if (old === undefined) {
    if (command.mode === 'set' || command.mode === 'add' || command.create) {
      return stored(store.link(command))
    }
    if (command.mode !== 'cas') return failed('NOT_STORED')
    store.counters.cas_misses++
    return failed('NOT_FOUND')
  }
  switch (command.mode) {
    case 'add':
      store.refresh(old)
      return failed('NOT_STORED')
    case 'cas':
      return compareAndSwap(store, command, old)
    case 'append':
    case 'prepend':
      return extend(store, command, old)
    default:
      return stored(store.link(command))
  }
}

function compareAndSwap(store: Store, command: StoreOperation, old: Item): StoreResult {
  const cas = BigInt(old.cas)
  const stale = command.invalidate && command.cas !== 0n && command.cas < cas
  if (command.cas !== cas && !stale) {
    store.counters.count('cas_badval', old)
    return failed('EXISTS')
  }
  store.counters.count('cas_hits', old)
  if (!stale) return stored(store.link(command))
  const item = store.link({ ...command, exptime: old.exptime })
  item.stale = true
  item.tokenSent = old.tokenSent
  return stored(item)
}

function extend(store: Store, command: StoreOperation, old: Item): StoreResult {
  if (command.cas !== 0n && command.cas !== BigInt(old.cas)) return failed('EXISTS')
  const data = Buffer.concat(
    command.mode === 'append' ? [old.data, command.data] : [command.data, old.data],
  )
  const { key, flags, exptime } = old
  if (store.isTooLarge(key.length, flags, data.length)) return failed('NOT_STORED')
  return stored(store.link({ key, flags, exptime, data, newCas: command.newCas }))
}

function stored(item: Item): StoreResult {
  return { outcome: 'STORED', item }
}

function failed(outcome: StoreOutcome): StoreResult {
  return { outcome }
}
