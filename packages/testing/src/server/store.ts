import { Counters } from './counters.ts'
import { type Item, itemSize, sizeOf } from './item.ts'
import { ServerTime } from './server-time.ts'
import { slabClass } from './slab-classes.ts'
import { UsageList } from './usage-list.ts'
import type { Watchers } from './watchers.ts'

/** What to make an item of. */
export interface NewItem {
  readonly key: string
  readonly flags: number
  /** Moment of expiry in server time; 0: never. */
  readonly exptime: number
  readonly data: Buffer
  readonly binaryKey?: boolean | undefined
  /** CAS unique. @default the next of the server's own */
  readonly newCas?: number | bigint | undefined
}

export interface ItemStoreOptions {
  /** Bytes. */
  readonly memoryLimit: number
  /** Bytes. */
  readonly itemSizeMax: number
  /** Milliseconds of Unix time. */
  readonly now: () => number
  readonly watchers: Watchers
}

/**
 * The items of a server. Expired and flushed ones are removed when they are met; the ones used least
 * recently make room when the memory limit is reached.
 */
export class Store {
  readonly time: ServerTime
  readonly itemSizeMax: number
  readonly watchers: Watchers
  counters: Counters = new Counters()
  memoryLimit: number
  readonly #items = new Map<string, Item>()
  readonly #usage = new UsageList()
  readonly #slabClasses = new Set<number>()
  #bytes = 0
  #lastCas = 0
  /** Items last used up to this moment are flushed, once it has come. */
  #oldestLive = 0
  /** Items with a lower CAS unique are flushed as well. */
  #oldestCas = 0

  constructor({ memoryLimit, itemSizeMax, now, watchers }: ItemStoreOptions) {
    this.memoryLimit = memoryLimit
    this.itemSizeMax = itemSizeMax
    this.watchers = watchers
    this.time = new ServerTime(now)
  }

  /** Items kept, expired ones included that nobody has asked for since. */
  get size(): number {
    return this.#items.size
  }

  /** Bytes of all items as memcached counts them. */
  get bytes(): number {
    return this.#bytes
  }

  /** Server time up to which items are flushed; 0: none are. */
  get oldestLive(): number {
    return this.#oldestLive
  }

  /** Slab classes that have or had an item: memcached does not give their memory back. */
  get slabClasses(): ReadonlySet<number> {
    return this.#slabClasses
  }

  /** From the most to the least recently used. */
  get items(): Iterable<Item> {
    return this.#usage
  }

  /** Number for an item that has changed. */
  nextCas(): number {
    return ++this.#lastCas
  }

  /** True if the item is larger than the server takes. */
  isTooLarge(keyLength: number, flags: number, dataLength: number): boolean {
    return itemSize(keyLength, flags, dataLength) > this.itemSizeMax
  }

  /** True if room for the item can be made. */
  hasRoom(keyLength: number, flags: number, dataLength: number): boolean {
    return itemSize(keyLength, flags, dataLength) <= this.memoryLimit
  }

  /** The living item under a key; watchers see the look-up. */
  find(key: string): Item | undefined {
    const item = this.#living(key)
    this.watchers.fetched(key, item)
    return item
  }

  #living(key: string): Item | undefined {
    const item = this.#items.get(key)
    if (item === undefined) return undefined
    if (this.#isFlushed(item)) this.counters.get_flushed++
    else if (this.isExpired(item)) this.counters.get_expired++
    else return item
    this.unlink(item)
    return undefined
  }

  isExpired(item: Item): boolean {
    return item.exptime !== 0 && item.exptime <= this.time.now
  }

  /** True for what `find` would not answer. */
  isDead(item: Item): boolean {
    return this.#isFlushed(item) || this.isExpired(item)
  }

  /**
   * Notes that an item was read. The second read in its life moves its time of use, later ones do
   * not: memcached leaves that to a thread that comes by later.
   */
  bump(item: Item): void {
    if (!item.linked) return
    this.#usage.use(item)
    if (!item.fetched) item.fetched = true
    else if (!item.active) {
      item.active = true
      item.usedAt = this.time.now
    }
  }

  /** Notes that an item was written to. */
  refresh(item: Item): void {
    item.usedAt = this.time.now
    if (item.linked) this.#usage.use(item)
  }

  /** Stores an item in place of any other of the same key. */
  link(fields: NewItem): Item {
    const old = this.#items.get(fields.key)
    if (old !== undefined) this.unlink(old)
    const item: Item = {
      key: fields.key,
      slabClass: slabClass(itemSize(fields.key.length, fields.flags, fields.data.length)),
      flags: fields.flags,
      data: fields.data,
      exptime: fields.exptime,
      cas: fields.newCas ?? this.nextCas(),
      usedAt: this.time.now,
      fetched: false,
      active: false,
      tokenSent: false,
      stale: false,
      binaryKey: fields.binaryKey ?? false,
      linked: true,
      heldBy: 0,
      newer: undefined,
      older: undefined,
    }
    this.#items.set(item.key, item)
    this.#slabClasses.add(item.slabClass)
    this.#usage.add(item)
    this.#bytes += sizeOf(item)
    this.counters.total_items++
    this.#makeRoom(item)
    return item
  }

  unlink(item: Item): void {
    if (!item.linked) return
    item.linked = false
    this.#items.delete(item.key)
    this.#usage.remove(item)
    this.#bytes -= sizeOf(item)
  }

  /** Makes all items vanish that were stored until now, or until a moment to come. */
  flush(moment: number = this.time.now): void {
    // What an earlier flush has taken must not come back when this one is put off.
    for (const item of this.#usage) if (this.#isFlushed(item)) this.unlink(item)
    this.#oldestLive = moment - 1
    if (this.#oldestLive > this.time.now) return
    this.#oldestCas = this.nextCas()
    // A CAS unique that a client has chosen does not tell what came before the flush.
    for (const item of this.#usage) if (typeof item.cas === 'bigint') this.unlink(item)
  }

  /** Sets the memory limit in bytes, and evicts what is beyond it. */
  limit(bytes: number): void {
    this.memoryLimit = bytes
    this.#makeRoom(undefined)
  }

  #isFlushed(item: Item): boolean {
    if (this.#oldestLive === 0 || this.#oldestLive > this.time.now) return false
    const { cas, usedAt } = item
    return usedAt <= this.#oldestLive || (typeof cas === 'number' && cas < this.#oldestCas)
  }

  #makeRoom(kept: Item | undefined): void {
    while (this.#bytes > this.memoryLimit) {
      const item = this.#usage.oldest
      if (item === undefined || item === kept) return
      this.#countEviction(item)
      this.unlink(item)
    }
  }

  #countEviction(item: Item): void {
    const { counters } = this
    if (this.isDead(item)) {
      counters.count('reclaimed', item)
      if (!item.fetched) counters.count('expired_unfetched', item)
      return
    }
    counters.evictions++
    this.watchers.evicted(item, this.time.now)
    const ofClass = counters.ofClass(item.slabClass)
    ofClass.evicted++
    ofClass.evicted_time = this.time.now - item.usedAt
    if (item.exptime !== 0) ofClass.evicted_nonzero++
    if (!item.fetched) counters.count('evicted_unfetched', item)
    if (item.active) counters.count('evicted_active', item)
  }
}
