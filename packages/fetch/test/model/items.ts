import type { Journal, Moment } from './journal.ts'
import type { Message } from './network.ts'

interface Item {
  /** When it became what it is. */
  readonly changed: number
  /** When it leaves the cache. */
  readonly end: number
}

const DONE = /^(?:HD|STORED|DELETED)/
/** The key, and in text the exptime. */
const STORE = /^(?:ms (k\d) \d+|cas (k\d) \d+ (-?\d+) )/
const REMOVE = /^(?:md|delete) (k\d)/
const VALUE = /:l(\w+)/

/** What the server was seen to store, and for how long. */
export class Items {
  readonly #journal: Journal
  readonly #now: () => number
  readonly #expire: boolean
  readonly #items = new Map<string, Item>()
  readonly #loads = new Map<string, Moment>()

  /** @param expire - whether items expire by `now`; else none does */
  constructor(journal: Journal, now: () => number, expire: boolean) {
    this.#journal = journal
    this.#now = now
    this.#expire = expire
  }

  /** Looks at what the server has done with a request. */
  observe({ request, reply }: Message): void {
    if (!DONE.test(String(reply))) return
    const text = request.toString('latin1')
    const line = text.slice(0, text.indexOf('\r\n'))
    const seconds = / T(\d+)/.exec(line)?.[1]
    const store = STORE.exec(line)
    if (store !== null) {
      const key = (store[1] ?? store[2]) as string
      this.stored(key, VALUE.exec(text.slice(line.length))?.[1], Number(store[3] ?? seconds ?? 0))
      return
    }
    const key = REMOVE.exec(line)?.[1]
    if (key === undefined) return
    this.#journal.disturb(key)
    const isMark = / I\b/.test(line)
    const end = Math.min(this.endOf(key), this.#endAfter(Number(seconds ?? 0)))
    if (isMark) this.#items.set(key, { changed: this.#now(), end })
    else this.#items.delete(key)
  }

  /** Somebody has stored the value of a load. */
  stored(key: string, load: string | undefined, seconds: number): void {
    this.#items.set(key, { changed: this.#now(), end: this.#endAfter(seconds) })
    if (load !== undefined) this.#loads.set(load, this.#journal.moment)
  }

  /** All items are gone. */
  clear(): void {
    this.#items.clear()
  }

  /** When the value of a load was stored; `undefined` if it never was. */
  storedAt(load: string): Moment | undefined {
    return this.#loads.get(load)
  }

  /** When the item of a key was last changed. */
  changedTime(key: string): number {
    return this.#items.get(key)?.changed ?? Number.NEGATIVE_INFINITY
  }

  /** When the item of a key leaves the cache; `Infinity` if there is none. */
  endOf(key: string): number {
    return this.#items.get(key)?.end ?? Number.POSITIVE_INFINITY
  }

  /** Whether a key has a value. */
  has(key: string): boolean {
    return this.#items.has(key) && this.endOf(key) > this.#now()
  }

  /** When the last value of a key expired; -Infinity if none did. */
  goneTime(key: string): number {
    const end = this.endOf(key)
    return end > this.#now() ? Number.NEGATIVE_INFINITY : end
  }

  /** memcached counts whole seconds; 0 is never. */
  #endAfter(seconds: number): number {
    if (seconds === 0 || !this.#expire) return Number.POSITIVE_INFINITY
    return (Math.floor(this.#now() / 1000) + seconds) * 1000
  }
}
