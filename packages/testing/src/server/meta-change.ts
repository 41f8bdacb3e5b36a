import { isOpaqueTooLong, type MetaItemRequest, type MetaSetRequest } from '../protocol/index.ts'
import { addDelta, NON_NUMERIC } from './delta.ts'
import type { Exchange } from './exchange.ts'
import type { Item } from './item.ts'
import { echoes, keyField, OPAQUE_TOO_LONG, timeToLive, withoutItem } from './meta-reply.ts'
import { runStore, type StoreMode } from './store-command.ts'
import { BAD_DATA_CHUNK, countSet, refuseSize } from './text-commands.ts'

const EMPTY: Buffer = Buffer.alloc(0)
const MODES: Readonly<Record<string, StoreMode>> = {
  '': 'set',
  S: 'set',
  E: 'add',
  A: 'append',
  P: 'prepend',
  R: 'replace',
}
const CODES = { STORED: 'HD', NOT_STORED: 'NS', EXISTS: 'EX', NOT_FOUND: 'NF' } as const

/** Answers `ms`. */
export function metaSet({ server }: Exchange, request: MetaSetRequest): string | undefined {
  const { store, features } = server
  const { key, flags, data } = request
  const refusal = refuseSize(
    server,
    { key, flags: flags.clientFlags, length: request.length },
    true,
  )
  if (refusal !== undefined) return refusal
  countSet(server, key, flags.clientFlags, request.length)
  if (data === undefined) return BAD_DATA_CHUNK

  let mode = MODES[flags.mode] ?? 'set'
  if (flags.cas !== undefined && (mode === 'set' || mode === 'replace')) mode = 'cas'
  const extendsItem = mode === 'append' || mode === 'prepend'
  const create = features.storeFlags && extendsItem && flags.vivify !== undefined
  const { outcome, item } = runStore(store, {
    mode,
    key,
    flags: flags.clientFlags,
    exptime: store.time.moment((create ? flags.vivify : flags.exptime) ?? 0),
    data,
    cas: flags.cas ?? 0n,
    invalidate: flags.invalidate,
    binaryKey: flags.binaryKey,
    create,
    // memcached takes 0 for none here, and for a number in the other commands.
    newCas: flags.chosenCas || undefined,
  })
  if (outcome === 'STORED' && flags.quiet) return undefined
  let reply: string = CODES[outcome]
  for (const token of flags.tokens) {
    if (token[0] === 'O') reply += ` ${token}`
    else if (token[0] === 'k') reply += keyField(key, flags.binaryKey)
    else if (token[0] === 'c') reply += ` c${item?.cas ?? 0}`
    else if (token[0] === 's' && features.storeFlags) reply += ` s${(item ?? request).data?.length}`
  }
  return reply
}

/** Answers `md`. */
export function metaDelete(
  { server: { store } }: Exchange,
  request: MetaItemRequest,
): string | undefined {
  const { key, flags } = request
  const echo = echoes(request)
  if (echo === undefined) return OPAQUE_TOO_LONG
  let item = store.find(key)
  if (item === undefined) {
    store.counters.delete_misses++
    return `NF${echo}`
  }
  if (flags.cas !== undefined && flags.cas !== BigInt(item.cas)) {
    store.counters.delete_misses++
    return `EX${echo}`
  }
  if (flags.removeValue) {
    item = store.link({
      key,
      flags: flags.clientFlags,
      exptime: store.time.moment(flags.exptime ?? 0),
      data: EMPTY,
      newCas: flags.chosenCas ?? item.cas,
    })
  }
  if (flags.invalidate) {
    if (flags.exptime !== undefined) item.exptime = store.time.moment(flags.exptime)
    item.stale = true
    item.tokenSent = false
    item.cas = flags.chosenCas ?? store.nextCas()
  } else {
    store.counters.count('delete_hits', item)
    store.watchers.deleted(item, 'md')
    if (!flags.removeValue) store.unlink(item)
  }
  return flags.quiet ? undefined : `HD${echo}`
}

/** Answers `ma`. */
export function metaArithmetic(exchange: Exchange, request: MetaItemRequest): string | undefined {
  const { store } = exchange.server
  const { key, flags } = request
  const increment = flags.mode === '' || flags.mode === 'I' || flags.mode === '+'
  if (!increment && flags.mode !== 'D' && flags.mode !== '-') {
    return 'CLIENT_ERROR invalid mode for ma M token'
  }
  const result = addDelta(exchange, { key, increment, delta: flags.delta, cas: flags.cas })
  switch (result.outcome) {
    case 'non-numeric':
      return NON_NUMERIC
    case 'changed':
      // Where the counter did not fit, memcached numbers the item that was replaced, not the one that is read from then on.
      if (flags.chosenCas !== undefined) result.item.cas = flags.chosenCas
      return answerCounter(exchange, request, { ...result, created: false })
    case 'mismatch':
      return withoutItem(request, 'EX')
    case 'missing':
  }
  if (flags.vivify === undefined) {
    if (increment) store.counters.incr_misses++
    else store.counters.decr_misses++
    return withoutItem(request, 'NF')
  }
  const value = flags.initial.toString()
  const data = Buffer.from(value, 'latin1')
  const { item } = runStore(store, {
    mode: 'add',
    key,
    flags: 0,
    exptime: 0,
    data,
    cas: 0n,
    invalidate: false,
    binaryKey: false,
    newCas: flags.chosenCas,
  })
  if (item === undefined) return withoutItem(request, 'NS')
  return answerCounter(exchange, request, { item, value, created: true })
}

function answerCounter(
  exchange: Exchange,
  { key, flags }: MetaItemRequest,
  { item, value, created }: { item: Item; value: string; created: boolean },
): string | undefined {
  const { store } = exchange.server
  let reply = flags.value ? `VA ${value.length}` : 'HD'
  for (const token of flags.tokens) {
    switch (token[0]) {
      case 'c':
        reply += ` c${item.cas}`
        break
      case 't':
        reply += ` t${timeToLive(exchange, item)}`
        break
      case 'T':
        item.exptime = store.time.moment(flags.exptime ?? 0)
        break
      case 'N':
        if (created) item.exptime = store.time.moment(flags.vivify ?? 0)
        break
      case 'O':
        if (isOpaqueTooLong(token)) return OPAQUE_TOO_LONG
        reply += ` ${token}`
        break
      case 'k':
        reply += keyField(key, flags.binaryKey)
    }
  }
  // A created counter is answered in quiet mode, too.
  if (flags.quiet && !created) return undefined
  return flags.value ? `${reply}\r\n${value}` : reply
}
