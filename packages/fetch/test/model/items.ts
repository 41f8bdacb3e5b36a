import type { Journal, Moment } from './journal.ts'
import type { Message } from './network.ts'

interface Stored {
  readonly moment: Moment
  /** When it leaves the cache; `Infinity` for never. */
  readonly end: number
}

const DONE = /^(?:HD|STORED)/
const STORE = /^(?:ms (k\d) \d+|cas (k\d) \d+ (-?\d+) )/
const VALUE = /:l(\w+)/

/** What the server was seen to store, and for how long. */
export class Items {
  readonly #now: () => number
  readonly #journal: Journal
  readonly #loads = new Map<string, Stored>()
  readonly #ends = new Map<string, number>()

  constructor(journal: Journal, now: () => number) {
    this.#journal = journal
    this.#now = now
  }

  /** Looks at what the server has done with a request. */
  observe({ request, reply }: Message): void {
    if (!DONE.test(String(reply))) return
    const text = request.toString('latin1')
    const line = text.slice(0, text.indexOf('\r\n'))
    const store = STORE.exec(line)
    const key = store?.[1] ?? store?.[2] ?? /^md (k\d) /.exec(line)?.[1]
    if (key === undefined) return
    const seconds = Number(store?.[3] ?? / T(\d+)/.exec(line)?.[1] ?? 0)
    const end = seconds === 0 ? Number.POSITIVE_INFINITY : this.#endOf(seconds)
    if (store === null) {
      // Deleted, or marked stale.
      const isStale = / I\b/.test(line)
      this.#ends.set(key, isStale ? Math.min(end, this.endOf(key)) : this.#now())
      return
    }
    this.stored(key, VALUE.exec(text.slice(line.length))?.[1], end)
  }

  stored(key: string, load: string | undefined, end: number): void {
    this.#ends.set(key, end)
    if (load !== undefined) this.#loads.set(load, { moment: this.#journal.moment, end })
  }

  /** How long the value of a load is in the cache; `undefined` if it never was. */
  ofLoad(load: string): Stored | undefined {
    return this.#loads.get(load)
  }

  /** Whether a key has a value, as far as was seen. */
  has(key: string): boolean {
    return (this.#ends.get(key) ?? 0) > this.#now()
  }

  /** When the item of a key leaves the cache; `Infinity` if none has been stored. */
  endOf(key: string): number {
    return this.#ends.get(key) ?? Number.POSITIVE_INFINITY
  }

  /** memcached counts whole seconds. */
  #endOf(seconds: number): number {
    return (Math.floor(this.#now() / 1000) + seconds) * 1000
  }
}
