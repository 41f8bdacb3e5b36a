import { encodeBase64, isOpaqueTooLong, type MetaItemRequest } from '../protocol/index.ts'
import type { Exchange } from './exchange.ts'
import { sizeOf } from './item.ts'
import { keyField, OPAQUE_TOO_LONG, timeToLive, withoutItem } from './meta-reply.ts'

const EMPTY: Buffer = Buffer.alloc(0)

/** Answers `mg`. */
export function metaGet(exchange: Exchange, request: MetaItemRequest): string | undefined {
  const { store, writer, features } = exchange.server
  const { key, flags } = request
  const { counters } = store
  let item = store.find(key)
  const created = item === undefined && flags.vivify !== undefined
  if (item === undefined) {
    if (!created) return answerMiss(exchange, request)
    item = store.link({ key, flags: 0, exptime: 0, data: EMPTY, newCas: flags.chosenCas })
  }
  // Flags that look at the item's history, or change it, read it before this read is noted.
  const late = flags.tokens.some((token) => 'NTRlh'.includes(token.charAt(0)))
  if (!late && !flags.noUpdate) store.bump(item)

  const isKnown =
    features.conditionalGet && flags.cas !== undefined && flags.cas === BigInt(item.cas)
  const withValue = flags.value && !isKnown
  let touched = false
  let won = false
  let reply = withValue ? `VA ${item.data.length}` : 'HD'
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
  if (!withValue) return reply
  writer.block(reply, item.data)
  return undefined
}

function answerMiss({ server: { store } }: Exchange, request: MetaItemRequest): string | undefined {
  store.counters.cmd_get++
  store.counters.get_misses++
  const reply = withoutItem(request, 'EN')
  return request.flags.quiet && reply !== OPAQUE_TOO_LONG ? undefined : reply
}

/** Answers `me`. */
export function metaDebug({ server }: Exchange, { key }: MetaItemRequest): string {
  const { store, features } = server
  const item = store.find(key)
  store.counters.cmd_meta++
  if (item === undefined) return 'EN'
  const { now } = store.time
  const shownKey = item.binaryKey ? encodeBase64(item.key) : item.key
  const size = sizeOf(item)
  const timeToLive = features.positiveExpiry ? item.exptime - now : now - item.exptime
  const expiry = item.exptime === 0 ? -1 : timeToLive
  return (
    `ME ${shownKey} exp=${expiry} la=${now - item.usedAt} cas=${item.cas}` +
    ` fetch=${item.fetched ? 'yes' : 'no'} cls=${item.slabClass} size=${size}`
  )
}
