import { decodeDumpedKey } from './dumped-key.ts'
import type { ItemKey } from './memcache-client.ts'

/** What a server can be watched for; `deletions` from memcached 1.6.20, `proxy…` in its proxy alone. */
export const WATCH_TOPICS = [
  'fetchers',
  'mutations',
  'evictions',
  'deletions',
  'connevents',
  'sysevents',
  'rawcmds',
  'proxyreqs',
  'proxyevents',
  'proxyuser',
] as const

/** What a server can be watched for. */
export type WatchTopic = (typeof WATCH_TOPICS)[number]

/** When and in which order something happened. */
interface Happening {
  /** Unix time in milliseconds, with fractions. */
  readonly time: number
  /** Grows by one with each event of the server, those included that this watcher does not get. */
  readonly id: number
}

interface ItemHappening extends Happening {
  /** The item’s key. */
  readonly key: ItemKey
  /** The item’s slab class. */
  readonly slabClass: number
  /** Bytes of the value. */
  readonly size: number
}

/** `fetchers`: an item was looked up, by a read or on the way to a change. */
export interface ItemGetEvent extends ItemHappening {
  /** As the server writes it. */
  readonly type: 'item_get'
  /** Such as `found`, `not_found`. */
  readonly status: string
  /** The server's number of the connection. */
  readonly connection: number
}

/** `mutations`: an item was stored, or was not. */
export interface ItemStoreEvent extends ItemHappening {
  /** As the server writes it. */
  readonly type: 'item_store'
  /** Such as `stored`, `not_stored`, `exists`, `too_large`. */
  readonly status: string
  /** Such as `set`, `add`, `cas`. */
  readonly command: string
  /** Seconds to live; 0: for ever. */
  readonly ttl: number
  /** The server’s number of the connection. */
  readonly connection: number
}

/** `evictions`: an item was removed to make room. */
export interface EvictionEvent extends ItemHappening {
  /** As the server writes it. */
  readonly type: 'eviction'
  /** It had been read. */
  readonly isFetched: boolean
  /** Seconds that it had to live; `undefined`: for ever. */
  readonly ttl: number | undefined
  /** Seconds since its last use. */
  readonly idle: number
}

/** `deletions`: an item was deleted. */
export interface DeletedEvent extends ItemHappening {
  /** As the server writes it. */
  readonly type: 'deleted'
  /** `delete` or `md`. */
  readonly command: string
}

/** `connevents`: a connection was opened or closed. */
export interface ConnectionEvent extends Happening {
  /** Opened or closed. */
  readonly type: 'conn_new' | 'conn_close'
  /** Address of the client. */
  readonly address: string
  /** Port of the client. */
  readonly port: number
  /** Such as `tcp`, `tcp6`, `unix`. */
  readonly transport: string
  /** Why it was closed. */
  readonly reason: string | undefined
  /** The server’s number of the connection. */
  readonly connection: number
}

/** The server dropped events, as this watcher or its network was too slow. */
export interface SkippedEvent {
  /** Not written by the server. */
  readonly type: 'skipped'
  /** Events that were dropped. */
  readonly count: number
}

/** Any other line, as the server wrote it. */
export interface OtherEvent {
  /** Not written by the server. */
  readonly type: 'other'
  /** The whole line. */
  readonly line: string
}

/** What `watch` yields. */
export type WatchEvent =
  | ItemGetEvent
  | ItemStoreEvent
  | EvictionEvent
  | DeletedEvent
  | ConnectionEvent
  | SkippedEvent
  | OtherEvent

/** The event of a line of `watch`. */
export function parseWatchLine(line: string): WatchEvent {
  const fields = fieldsOf(line)
  const number = (name: string): number => Number(fields.get(name) ?? 0)
  const text = (name: string): string => fields.get(name) ?? ''
  if (fields.has('skipped')) return { type: 'skipped', count: number('skipped') }
  const happening = { time: number('ts') * 1000, id: number('gid') }
  const item = (): ItemHappening => ({
    ...happening,
    key: decodeDumpedKey(text('key')),
    slabClass: number('clsid'),
    size: number('size'),
  })
  const type = fields.get('type')
  switch (type) {
    case 'item_get':
      return { type, ...item(), status: text('status'), connection: number('cfd') }
    case 'item_store':
      return {
        type,
        ...item(),
        status: text('status'),
        command: text('cmd'),
        ttl: number('ttl'),
        connection: number('cfd'),
      }
    case 'eviction': {
      const ttl = number('ttl')
      return {
        type,
        ...item(),
        isFetched: text('fetch') === 'yes',
        ttl: ttl < 0 ? undefined : ttl,
        idle: number('la'),
      }
    }
    case 'deleted':
      return { type, ...item(), command: text('cmd') }
    case 'conn_new':
    case 'conn_close':
      return {
        type,
        ...happening,
        address: text('rip'),
        port: number('rport'),
        transport: text('transport'),
        reason: fields.get('reason'),
        connection: number('cfd'),
      }
    default:
      return { type: 'other', line }
  }
}

function fieldsOf(line: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const word of line.split(' ')) {
    const equals = word.indexOf('=')
    if (equals > 0) fields.set(word.slice(0, equals), word.slice(equals + 1))
  }
  return fields
}
