import type { WatchTopic } from '@mc/protocol'
import type { Item } from './item.ts'
import { percentEncode } from './percent-encode.ts'

/** A connection that watches. */
interface Watcher {
  readonly topics: ReadonlySet<string>
  /** Sends a line; false when the connection has too much to send already, and the line is dropped. */
  readonly send: (line: string) => boolean
  skipped: number
}

/** The connections that watch, and the lines that they get. */
export class Watchers {
  /** Number of the connection whose request runs, as events show it. */
  connection = 0
  /** Connections so far, each with a number of its own. */
  connections = 0
  readonly #now: () => number
  readonly #watchers = new Set<Watcher>()
  #lastId = 1

  /** @param now - milliseconds of Unix time */
  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#watchers.size
  }

  /** Adds a watcher; the answer removes it. */
  add(topics: readonly string[], send: (line: string) => boolean): () => void {
    const watcher = {
      topics: new Set(topics.length === 0 ? ['fetchers'] : topics),
      send,
      skipped: 0,
    }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** @param describe - what follows the number of the event; called if anybody wants it */
  emit(topic: WatchTopic, describe: () => string): void {
    if (this.#watchers.size === 0) return
    const wanted = [...this.#watchers].filter(({ topics }) => topics.has(topic))
    if (wanted.length === 0) return
    const now = this.#now()
    const micros = Math.floor((now % 1000) * 1000)
    const time = `${Math.floor(now / 1000)}.${String(micros).padStart(6, '0')}`
    const line = `ts=${time} gid=${++this.#lastId} ${describe()}\n`
    for (const watcher of wanted) {
      const notice = watcher.skipped > 0 ? `skipped=${watcher.skipped}\n` : ''
      if (!watcher.send(notice + line)) watcher.skipped++
      else watcher.skipped = 0
    }
  }

  /** A key was looked up. */
  fetched(key: string, item: Item | undefined): void {
    this.emit('fetchers', () => {
      const status = item === undefined ? 'not_found' : 'found'
      return (
        `type=item_get key=${percentEncode(key)} status=${status} clsid=${item?.slabClass ?? 0}` +
        ` cfd=${this.connection} size=${item?.data.length ?? 0}`
      )
    })
  }

  /** An item makes room for another. @param now - server time */
  evicted({ key, fetched, exptime, usedAt, slabClass, data }: Item, now: number): void {
    this.emit('evictions', () => {
      const ttl = exptime === 0 ? -1 : exptime - now
      return (
        `type=eviction key=${percentEncode(key)} fetch=${fetched ? 'yes' : 'no'} ttl=${ttl}` +
        ` la=${now - usedAt} clsid=${slabClass} size=${data.length}`
      )
    })
  }

  deleted({ key, slabClass, data }: Item, command: 'delete' | 'md'): void {
    this.emit('deletions', () => {
      return `type=deleted key=${percentEncode(key)} cmd=${command} clsid=${slabClass} size=${data.length}`
    })
  }

  /** @param change - such as `conn_close`, with the reason of it */
  connected(change: 'conn_new' | 'conn_close', peer: string, connection: number): void {
    this.emit('connevents', () => {
      const [, transport = 'unix', host = 'unix', port = '0'] =
        /^(tcp6?):\[?(.*?)\]?:(\d+)$/.exec(peer) ?? []
      const reason = change === 'conn_close' ? ' reason=normal' : ''
      return `type=${change} rip=${host} rport=${port} transport=${transport}${reason} cfd=${connection}`
    })
  }
}
