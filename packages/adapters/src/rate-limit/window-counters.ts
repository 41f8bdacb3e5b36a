import {
  type CasToken,
  type MemcacheClient,
  MemcacheServerError,
  MemcacheUnsupportedError,
} from '@mc/protocol'
import { lastingExpire } from '../kit/expiry.ts'
import { MAX_HITS, packWindow, unpackWindow, type Window } from './packed-window.ts'

/** Each attempt that fails is another process's success. */
const MAX_ATTEMPTS = 10
/** Seconds to live that an item has at most after the end of its window, and one more for the tick of the server's clock. */
const MAX_LINGER = 4
/** Milliseconds. With a longer difference the item is not a window of another clock. */
const MAX_CLOCK_DIFFERENCE = 86_400_000

/** What a call learned of a window. */
export interface WindowState {
  readonly hits: number
  /** Milliseconds until the window ends; `Infinity` for one without an end. */
  readonly remaining: number
}

interface StoredWindow extends Window {
  readonly value: unknown
  readonly cas: CasToken
  /** Seconds to live, if the server says so. */
  readonly ttl: number | undefined
}

/**
 * Hits in fixed windows, each of which begins with its first hit. A hit is one command: memcached adds it to a number
 * that holds the end of the window as well.
 *
 * memcached keeps the number for up to two seconds after the window's end, since it counts in seconds. The first hit after
 * the end deletes it, provided that nobody has changed it, and opens a new window.
 *
 * The end is a time of the machine that opened the window. When it has passed, the time to live of the item shows whether
 * the window is over or the clock of that machine is slow.
 */
export class WindowCounters {
  readonly #client: MemcacheClient
  readonly #now: () => number
  /** Keys whose last window this process is about to delete; meanwhile no hit of this process changes them. */
  readonly #closing = new Map<string, Promise<WindowState | undefined>>()

  /** @param now - milliseconds of Unix time */
  constructor(client: MemcacheClient, now: () => number = Date.now) {
    this.#client = client
    this.#now = now
  }

  /**
   * Counts hits in the window that is open, or opens one.
   *
   * @param hits - fewer than none take back
   * @param length - milliseconds of a window that is opened, `Infinity` for one without an end
   * @throws RangeError for more hits than a window holds, and the client's errors
   */
  async hit(key: string, hits: number, length: number): Promise<WindowState> {
    checkHits(hits)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const closing = this.#closing.get(key)
      if (closing !== undefined) await closing
      const now = this.#now()
      const { end, hits: counted } = await this.#add(key, hits, now + length)
      if (Math.abs(counted) > MAX_HITS) await this.change(key, -hits)
      if (end > now) return { hits: counted, remaining: end - now }
      const open = await this.#close(key, end)
      if (open !== undefined) return { hits: counted, remaining: open.remaining }
    }
    throw new MemcacheServerError(`the window cannot be opened, other processes prevent it: ${key}`)
  }

  /** Adds to the hits of a window if there is one, over or not. */
  async change(key: string, hits: number): Promise<Window | undefined> {
    const verb = hits < 0 ? 'decr' : 'incr'
    const packed = await this.#client[verb](key, BigInt(Math.abs(hits)), { noreply: false })
    return packed === undefined ? undefined : unpackWindow(packed)
  }

  /** The window that is open. */
  async read(key: string): Promise<WindowState | undefined> {
    return this.#open(await this.#look(key))
  }

  /** Stores a window in place of any other. */
  async set(key: string, hits: number, length: number): Promise<void> {
    checkHits(hits)
    const window = packWindow({ end: this.#now() + length, hits })
    const expire = lastingExpire(length, this.#now)
    const isStored = await this.#client.set(key, window, { expire, noreply: false })
    if (!isStored) throw new MemcacheServerError(`the window was not stored: ${key}`)
  }

  /** Moves the end of the window to `length` from now, unless its hits are not these any more. */
  async extend(key: string, hits: number, length: number): Promise<void> {
    const stored = await this.#look(key)
    if (stored?.hits !== hits) return
    const window = packWindow({ end: this.#now() + length, hits })
    const expire = lastingExpire(length, this.#now)
    await this.#client.cas(key, window, stored.cas, { expire, noreply: false })
  }

  /** Whether there was one. */
  delete(key: string): Promise<boolean> {
    return this.#client.delete(key, { noreply: false })
  }

  async #add(key: string, hits: number, end: number): Promise<Window> {
    const verb = hits < 0 ? 'decr' : 'incr'
    const packed = await this.#client[verb](key, BigInt(Math.abs(hits)), {
      initial: packWindow({ end, hits }),
      expire: lastingExpire(end - this.#now(), this.#now),
      noreply: false,
    })
    // A client that ignores failures.
    if (packed === undefined) throw new MemcacheServerError(`the hit was not counted: ${key}`)
    return unpackWindow(packed)
  }

  /** Deletes a window that seems to be over; its state if it is not. */
  #close(key: string, end: number): Promise<WindowState | undefined> {
    const started = this.#closing.get(key)
    if (started !== undefined) return started
    const closing = this.#deleteIfOver(key, end).finally(() => this.#closing.delete(key))
    this.#closing.set(key, closing)
    return closing
  }

  async #deleteIfOver(key: string, end: number): Promise<WindowState | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const stored = await this.#look(key)
      if (stored?.end !== end) return undefined
      const open = this.#open(stored)
      if (open !== undefined) return open
      // In either dialect: a value that expires at once, stored only over this one.
      const expired = { expire: -1, noreply: false }
      const isDeleted = await this.#client.cas(key, stored.value, stored.cas, expired)
      if (isDeleted !== false) return undefined
    }
    return undefined
  }

  /** What is stored, without changing it. */
  async #look(key: string): Promise<StoredWindow | undefined> {
    const item = await this.#item(key)
    if (item === undefined) return undefined
    return { ...unpackWindow(toBigInt(item.value)), ttl: undefined, ...item }
  }

  async #item(key: string): Promise<Omit<StoredWindow, keyof Window | 'ttl'> | undefined> {
    try {
      return await this.#client.metaGet(key, { value: true, cas: true, ttl: true })
    } catch (error) {
      if (error instanceof MemcacheUnsupportedError) return this.#client.gets(key)
      throw error
    }
  }

  #open(stored: StoredWindow | undefined): WindowState | undefined {
    if (stored === undefined) return undefined
    const { end, hits, ttl } = stored
    const remaining = end - this.#now()
    if (remaining > 0) return { hits, remaining }
    const isOfSlowerClock =
      ttl !== undefined &&
      Number.isFinite(ttl) &&
      remaining < (ttl - MAX_LINGER) * 1000 &&
      remaining > -MAX_CLOCK_DIFFERENCE
    return isOfSlowerClock ? { hits, remaining: Math.max((ttl - 1) * 1000, 1) } : undefined
  }
}

function checkHits(hits: number): void {
  if (Number.isInteger(hits) && Math.abs(hits) <= MAX_HITS) return
  throw new RangeError(
    `hits must be an integer from ${-MAX_HITS} to ${MAX_HITS}, got ${String(hits)}`,
  )
}

/** Of any client's serde. */
function toBigInt(value: unknown): bigint {
  const digits = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  if (typeof digits === 'bigint' || typeof digits === 'number') return BigInt(digits)
  if (typeof digits === 'string' && /^\d{1,20} *$/.test(digits)) return BigInt(digits.trim())
  throw new MemcacheServerError('the item under the key of a window is not a counter')
}
