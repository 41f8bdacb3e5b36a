import {
  type Key,
  type MemcacheClient,
  MemcacheSerdeError,
  MemcacheServerError,
  MemcacheUnsupportedError,
} from '@mc/protocol'
import {
  checkFunction,
  checkNumber,
  checkOptionNames,
  optionNames,
  routedKey,
} from '@mc/protocol/toolkit'
import { lastingExpire } from '../kit/expiry.ts'
import { Keys } from '../kit/keys.ts'

/** Options of the stores of sessions. */
export interface SessionStoreOptions {
  /** Text before the id of every session. @default 'session:' */
  readonly prefix?: string | undefined
  /** Milliseconds that a session lives whose cookie has no expiry. @default 86400000, a day */
  readonly ttl?: number | undefined
  /**
   * Called with the error when a session cannot be read or saved; the request then goes on without it. A session that
   * cannot be destroyed is an error of the request in any case.
   *
   * @default the request fails with the error
   */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** What the stores use of a session. */
export interface StoredSession {
  cookie?: SessionCookie
}

interface SessionCookie {
  expires?: Date | string | null | undefined
  maxAge?: number | null | undefined
  originalMaxAge?: number | null | undefined
}

const OPTION_NAMES = optionNames<SessionStoreOptions>({ prefix: true, ttl: true, onError: true })
const DAY = 86_400_000
/** Seconds for which a request that has read a session cannot save it once it is destroyed. */
const DESTROYED_FOR = 3600

interface StoredItem {
  readonly value: unknown
  /** Whether it was read or touched since it was stored; with `ttl`, the seconds to live, if the server says so. */
  readonly isFetched?: boolean
  readonly ttl?: number
}

/**
 * Sessions as items of memcached. A session is saved over the stored one, or made if there is none; one that was destroyed
 * leaves a mark for an hour by which requests that had read it before do not make it again.
 */
export class SessionItems {
  readonly #client: MemcacheClient
  readonly #keys: Keys
  readonly #marks: Keys
  readonly #ttl: number
  readonly #onError: ((error: unknown) => void) | undefined

  /** @throws TypeError or RangeError for an invalid option */
  constructor(client: MemcacheClient, options: SessionStoreOptions) {
    checkOptionNames(options, OPTION_NAMES)
    const { prefix = 'session:', ttl = DAY, onError } = options
    this.#client = client
    this.#keys = new Keys(prefix, client.maxKeyLength)
    this.#marks = new Keys(`destroyed:${prefix}`, client.maxKeyLength)
    this.#ttl = checkNumber('ttl', ttl, { min: 1, unit: 'milliseconds' })
    this.#onError = checkFunction('onError', onError)
  }

  get(id: string): Promise<StoredSession | undefined> {
    return this.#passing(this.#get(this.#keys.key(id)))
  }

  set(id: string, session: StoredSession): Promise<void> {
    return this.#passing(this.#save(id, session))
  }

  /** Changes when the session expires and nothing else. */
  async touch(id: string, session: StoredSession): Promise<void> {
    const touched = this.#client.touch(this.#keys.key(id), this.#expire(session), {
      noreply: false,
    })
    await this.#passing(touched)
  }

  async destroy(id: string): Promise<void> {
    const { key, mark } = this.#names(id)
    // The mark comes first: a request that finds no session has to find the mark.
    const isMarked = await this.#client.set(mark, '1', { expire: DESTROYED_FOR, noreply: false })
    if (!isMarked) throw new MemcacheServerError(`the session cannot be destroyed: ${key}`)
    await this.#client.delete(key, { noreply: false })
  }

  async #get(key: string): Promise<StoredSession | undefined> {
    const item = await this.#item(key)
    if (item?.value === undefined) return undefined
    const session = readSession(item.value, key)
    const { cookie } = session
    const expires = timeOf(cookie)
    if (cookie === undefined || expires === undefined) return session
    if (item.isFetched !== false) {
      cookie.expires = new Date(touchedExpiry(expires, cookie.originalMaxAge, item.ttl))
      return session
    }
    if (expires > Date.now()) return session
    // It was never touched; memcached keeps it up to two seconds longer.
    await this.#client.delete(key, { noreply: false })
    return undefined
  }

  async #item(key: string): Promise<StoredItem | undefined> {
    try {
      return await this.#client.metaGet(key, { value: true, isFetched: true, ttl: true })
    } catch (error) {
      if (error instanceof MemcacheUnsupportedError) return { value: await this.#client.get(key) }
      throw error
    }
  }

  async #save(id: string, session: StoredSession): Promise<void> {
    const { key, mark } = this.#names(id)
    const data = JSON.stringify(session)
    const options = { expire: this.#expire(session), noreply: false }
    if (await this.#client.replace(key, data, options)) return
    if ((await this.#client.get(mark)) !== undefined) return
    if (await this.#client.add(key, data, options)) return
    await this.#client.replace(key, data, options)
  }

  /** Both are on the same server. */
  #names(id: string): { key: string; mark: Key } {
    const key = this.#keys.key(id)
    return { key, mark: routedKey(key, this.#marks.key(id)) }
  }

  #expire({ cookie }: StoredSession): number {
    const expires = timeOf(cookie)
    const left = expires === undefined ? cookie?.maxAge : expires - Date.now()
    return lastingExpire(typeof left === 'number' && !Number.isNaN(left) ? left : this.#ttl)
  }

  async #passing<T>(call: Promise<T>): Promise<T | undefined> {
    const onError = this.#onError
    if (onError === undefined) return call
    try {
      return await call
    } catch (error) {
      onError(error)
      return undefined
    }
  }
}

/** Milliseconds of Unix time at which the cookie expires. */
function timeOf(cookie: SessionCookie | undefined): number | undefined {
  if (!cookie?.expires) return undefined
  const time = new Date(cookie.expires).getTime()
  return Number.isNaN(time) ? undefined : time
}

/**
 * When a session expires that may have been touched since it was stored, from what memcached says of its item: to a
 * second, and never before the stored time.
 */
function touchedExpiry(stored: number, maxAge: number | null | undefined, ttl = 0): number {
  if (maxAge == null) return stored
  const now = Date.now()
  if (ttl > 0) return Math.max(stored, now + Math.min((ttl - 1) * 1000, maxAge))
  return stored > now ? stored : now + maxAge
}

function readSession(value: unknown, key: string): StoredSession {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString() : value
  const session = typeof text === 'string' ? parse(text) : undefined
  if (isSession(session)) return session
  throw new MemcacheSerdeError(`the item is not a session: ${key}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSession(value: unknown): value is StoredSession {
  return typeof value === 'object' && value !== null
}
