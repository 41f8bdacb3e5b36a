import {
  encodeBase64,
  isOpaqueTooLong,
  type MetaItemRequest,
  type MetaSetRequest,
} from '../protocol/index.ts'
import { addDelta, NON_NUMERIC } from './delta.ts'
import type { Exchange } from './exchange.ts'
import { type Item, sizeOf } from './item.ts'
import { runStore, type StoreMode } from './store-command.ts'
import { BAD_DATA_CHUNK, countSet, refuseSize } from './text-commands.ts'

const OPAQUE_TOO_LONG = 'CLIENT_ERROR opaque token too long'
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
  const { store } = server
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
  const { outcome, cas } = runStore(store, {
    mode,
    key,
    flags: flags.clientFlags,
    exptime: store.time.moment(flags.exptime ?? 0),
    data,
    cas: flags.cas ?? 0n,
    invalidate: flags.invalidate,
    binaryKey: flags.binaryKey,
  })
  if (outcome === 'STORED' && flags.quiet) return undefined
  let reply: string = CODES[outcome]
  for (const token of flags.tokens) {
    if (token[0] === 'O') reply += ` ${token}`
    else if (token[0] === 'k') reply += keyField(key, flags.binaryKey)
    else if (token[0] === 'c') reply += ` c${cas}`
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
  const item = store.find(key)
  if (item === undefined) {
    store.counters.delete_misses++
    return `NF${echo}`
  }
  if (flags.cas !== undefined && flags.cas !== BigInt(item.cas)) {
    store.counters.delete_misses++
    return `EX${echo}`
  }
  if (flags.invalidate) {
    if (flags.exptime !== undefined) item.exptime = store.time.moment(flags.exptime)
    item.stale = true
    item.tokenSent = false
    item.cas = store.nextCas()
  } else {
    store.counters.count('delete_hits', item)
    store.unlink(item)
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
  const item = store.link({ key, flags: 0, exptime: 0, data })
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

function withoutItem(request: MetaItemRequest, code: string): string {
  const echo = echoes(request)
  return echo === undefined ? OPAQUE_TOO_LONG : code + echo
}

/** Answers `me`. */
export function metaDebug({ server: { store } }: Exchange, { key }: MetaItemRequest): string {
  const item = store.find(key)
  store.counters.cmd_meta++
  if (item === undefined) return 'EN'
  const { now } = store.time
  const shownKey = item.binaryKey ? encodeBase64(item.key) : item.key
  const size = sizeOf(item)
  // The time to live is shown as a negative number, which later versions put right.
  const expiry = item.exptime === 0 ? -1 : now - item.exptime
  return (
    `ME ${shownKey} exp=${expiry} la=${now - item.usedAt} cas=${item.cas}` +
    ` fetch=${item.fetched ? 'yes' : 'no'} cls=${item.slabClass} size=${size}`
  )
}

/** Answers `mg`. */
export function metaGet(exchange: Exchange, request: MetaItemRequest): string | undefined {
  const { store, writer } = exchange.server
  const { key, flags } = request
  const { counters } = store
  let item = store.find(key)
  const created = item === undefined && flags.vivify !== undefined
  if (item === undefined) {
    if (!created) return answerMiss(exchange, request)
    item = store.link({ key, flags: 0, exptime: 0, data: EMPTY })
  }
  // Flags that look at the item's history, or change it, read it before this read is noted.
  const late = flags.tokens.some((token) => 'NTRlh'.includes(token.charAt(0)))
  if (!late && !flags.noUpdate) store.bump(item)

  let touched = false
  let won = false
  let reply = flags.value ? `VA ${item.data.length}` : 'HD'
  for (const token of flags.tokens) {
    switch (token[0]) {
      case 'T':
        touched = true
        item.exptime = store.time.moment(flags.exptime ?? 0)
        break
      case 'N':
        if (created) {
          item.exptime = store.time.moment(flags.vivify ?? 0)
          won = true
        }
        break
      case 'R':
        if (
          !item.tokenSent &&
          !created &&
          item.exptime !== 0 &&
          item.exptime < store.time.moment(flags.recache ?? 0)
        ) {
          won = true
        }
        break
      case 's':
        reply += ` s${item.data.length}`
        break
      case 't':
        reply += ` t${timeToLive(exchange, item)}`
        break
      case 'c':
        reply += ` c${item.cas}`
        break
      case 'f':
        reply += ` f${item.flags}`
        break
      case 'l':
        reply += ` l${store.time.now - item.usedAt}`
        break
      case 'h':
        reply += item.fetched ? ' h1' : ' h0'
        break
      case 'O':
        if (isOpaqueTooLong(token)) return OPAQUE_TOO_LONG
        reply += ` ${token}`
        break
      case 'k':
        reply += keyField(item.key, item.binaryKey)
    }
  }
  if (item.tokenSent) reply += ' Z'
  if (item.stale) {
    reply += ' X'
    if (!item.tokenSent) won = true
  }
  if (won) {
    reply += ' W'
    item.tokenSent = true
  }
  exchange.hold(item)
  if (late && !flags.noUpdate) store.bump(item)
  if (touched) {
    counters.cmd_touch++
    counters.count('touch_hits', item)
  } else {
    counters.cmd_get++
    counters.count('get_hits', item)
  }
  if (!flags.value) return reply
  writer.block(reply, item.data)
  return undefined
}

function answerMiss({ server: { store } }: Exchange, request: MetaItemRequest): string | undefined {
  store.counters.cmd_get++
  store.counters.get_misses++
  const reply = withoutItem(request, 'EN')
  return request.flags.quiet && reply !== OPAQUE_TOO_LONG ? undefined : reply
}

/** Opaque and key as a reply without an item repeats them; `undefined` if the opaque is too long. */
function echoes({ key, flags }: MetaItemRequest): string | undefined {
  let echo = ''
  for (const token of flags.tokens) {
    if (token[0] === 'O') {
      if (isOpaqueTooLong(token)) return undefined
      echo += ` ${token}`
    } else if (token[0] === 'k') echo += keyField(key, flags.binaryKey)
  }
  return echo
}

function keyField(key: string, binary: boolean): string {
  return binary ? ` k${encodeBase64(key)} b` : ` k${key}`
}

/** Seconds to live, -1 for ever. What has just been made to expire is shown as a number of 32 bits. */
function timeToLive({ server }: Exchange, item: Item): number {
  return item.exptime === 0 ? -1 : (item.exptime - server.store.time.now) >>> 0
}
