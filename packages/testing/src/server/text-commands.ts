import { MAX_KEY_LENGTH } from '@mc/protocol'
import type {
  ArithmeticRequest,
  DeleteRequest,
  RetrievalRequest,
  StorageRequest,
  TouchRequest,
} from '../protocol/index.ts'
import { addDelta, NON_NUMERIC } from './delta.ts'
import type { EmbeddedServerState, Exchange } from './exchange.ts'
import { itemSize } from './item.ts'
import { slabClass } from './slab-classes.ts'
import { runStore } from './store-command.ts'

const TOO_LARGE = 'SERVER_ERROR object too large for cache'
const OUT_OF_MEMORY = 'SERVER_ERROR out of memory storing object'
export const BAD_DATA_CHUNK = 'CLIENT_ERROR bad data chunk'

/** Answers `get`, `gets`, `gat` and `gats`, with an error line if one of the keys is too long. */
export function retrieve(exchange: Exchange, request: RetrievalRequest): string | undefined {
  const { store, writer, prefixStats } = exchange.server
  const { counters } = store
  const withCas = request.command === 'gets' || request.command === 'gats'
  const touches = request.command === 'gat' || request.command === 'gats'
  const exptime = touches ? store.time.moment(request.exptime) : 0
  for (const key of request.keys) {
    if (key.length > MAX_KEY_LENGTH) {
      // memcached drops the replies it has not yet sent, those to earlier commands included.
      exchange.drop()
      return 'CLIENT_ERROR bad command line format'
    }
    const item = store.find(key)
    if (prefixStats.enabled) prefixStats.countGet(key, item !== undefined)
    if (touches) counters.cmd_touch++
    else counters.cmd_get++
    if (item === undefined) {
      if (touches) counters.touch_misses++
      else counters.get_misses++
      continue
    }
    store.bump(item)
    if (touches) {
      item.exptime = exptime
      counters.count('touch_hits', item)
    } else counters.count('get_hits', item)
    writer.value(key, item.flags, item.data, withCas ? item.cas : undefined)
  }
  writer.end()
  exchange.flush()
  return undefined
}

/** Answers `set`, `add`, `replace`, `append`, `prepend` and `cas`: the line to send. */
export function storeItem(server: EmbeddedServerState, request: StorageRequest): string {
  const { store, prefixStats } = server
  const { command, key, flags, data, cas } = request
  if (prefixStats.enabled) prefixStats.countSet(key)
  const refusal = refuseSize(server, request, command === 'set')
  if (refusal !== undefined) return refusal
  countSet(server, key, flags, request.length)
  if (data === undefined) return BAD_DATA_CHUNK
  return runStore(store, {
    mode: command,
    key,
    flags,
    exptime: store.time.moment(request.exptime),
    data,
    cas,
    invalidate: false,
    binaryKey: false,
  }).outcome
}

/**
 * The error for an item that has no room, `undefined` for others.
 *
 * @param forget - delete the old value, so that nobody reads it for the new one
 */
export function refuseSize(
  { store }: EmbeddedServerState,
  { key, flags, length }: Pick<StorageRequest, 'key' | 'flags' | 'length'>,
  forget: boolean,
): string | undefined {
  const tooLarge = store.isTooLarge(key.length, flags, length)
  if (!tooLarge && store.hasRoom(key.length, flags, length)) return undefined
  if (tooLarge) store.counters.store_too_large++
  else store.counters.store_no_memory++
  const old = forget ? store.find(key) : undefined
  if (old !== undefined) store.unlink(old)
  return tooLarge ? TOO_LARGE : OUT_OF_MEMORY
}

/** Counts a storage command whose payload has come, in the class that its item would have. */
export function countSet(
  { store }: EmbeddedServerState,
  key: string,
  flags: number,
  length: number,
): void {
  store.counters.count('cmd_set', { slabClass: slabClass(itemSize(key.length, flags, length)) })
}

/** Answers `delete`. */
export function deleteItem(
  { store, prefixStats }: EmbeddedServerState,
  request: DeleteRequest,
): string {
  if (prefixStats.enabled) prefixStats.countDelete(request.key)
  const item = store.find(request.key)
  if (item === undefined) {
    store.counters.delete_misses++
    return 'NOT_FOUND'
  }
  store.counters.count('delete_hits', item)
  store.watchers.deleted(item, 'delete')
  store.unlink(item)
  return 'DELETED'
}

/** Answers `incr` and `decr`. */
export function changeCounter(exchange: Exchange, request: ArithmeticRequest): string {
  const increment = request.command === 'incr'
  const result = addDelta(exchange, { key: request.key, increment, delta: request.delta })
  if (result.outcome === 'changed') return result.value
  if (result.outcome === 'non-numeric') return NON_NUMERIC
  const { counters } = exchange.server.store
  if (increment) counters.incr_misses++
  else counters.decr_misses++
  return 'NOT_FOUND'
}

/** Answers `touch`. */
export function touchItem({ store }: EmbeddedServerState, request: TouchRequest): string {
  store.counters.cmd_touch++
  const item = store.find(request.key)
  if (item === undefined) {
    store.counters.touch_misses++
    return 'NOT_FOUND'
  }
  store.counters.count('touch_hits', item)
  store.bump(item)
  item.exptime = store.time.moment(request.exptime)
  return 'TOUCHED'
}
