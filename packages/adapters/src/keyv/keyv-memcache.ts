import { type MemcacheClient, MemcachePartialError } from '@mc/protocol'
import { checkOptionNames, optionNames, toError } from '@mc/protocol/toolkit'
import { cacheExpire } from '../kit/expiry.ts'
import { type ItemKeys, Namespace, type NamespaceOptions } from '../kit/namespace.ts'

/** Options of `KeyvMemcache`. */
export type KeyvMemcacheOptions = NamespaceOptions

const OPTIONS = optionNames<KeyvMemcacheOptions>({ staleFor: true })

/** A value to store, as Keyv gives it. */
export interface KeyvEntry {
  /** The key, without the namespace. */
  readonly key: string
  /** The value to store. */
  readonly value: unknown
  /** Milliseconds. @default for ever */
  readonly ttl?: number | undefined
}

type ErrorListener = (error: Error) => void

/**
 * Storage adapter of Keyv 5 and 6: `new Keyv({ store: new KeyvMemcache(client) })`. Each Keyv has one of its own, since
 * Keyv leaves its namespace to the adapter; the client may be shared, and stays its owner's to close.
 *
 * `clear()` of a Keyv clears its namespace. A read that fails is a miss and an `error` event; a write that fails rejects,
 * of which Keyv makes its event.
 */
export class KeyvMemcache {
  /** As given. Keyv expects every adapter to have them. */
  readonly opts: KeyvMemcacheOptions
  readonly #client: MemcacheClient
  readonly #listeners: ErrorListener[] = []
  readonly #names = new Set<string>()
  #name: string | undefined
  #space: Namespace

  /** @throws TypeError or RangeError for an invalid option, or a client whose key prefix is too long */
  constructor(client: MemcacheClient, options: KeyvMemcacheOptions = {}) {
    checkOptionNames(options, OPTIONS)
    this.#client = client
    this.opts = { ...options }
    this.#space = this.#spaceOf('')
  }

  /** Namespace of the Keyv that uses the adapter. */
  get namespace(): string | undefined {
    return this.#name
  }

  /** Set by Keyv. @throws TypeError if Keyvs of different namespaces share the adapter */
  set namespace(name: string | undefined) {
    if (name === this.#name) return
    this.#names.add(name ?? '')
    this.#refuseSharing()
    this.#name = name
    this.#space = this.#spaceOf(name ?? '')
  }

  /** Keyv listens to `error`; there are no other events. */
  on(event: string, listener: ErrorListener): this {
    if (event !== 'error') return this
    this.#listeners.push(listener)
    this.#refuseSharing()
    return this
  }

  // Keyv 6 leaves the namespace to the adapter only if all its methods are async functions.

  /** The value, or `undefined`. */
  async get<Value>(key: string): Promise<Value | undefined> {
    try {
      return await this.#space.run((keys) => this.#client.get<Value>(keys(key)))
    } catch (error) {
      this.#report(error)
      return undefined
    }
  }

  /** The values in the order of the keys, `undefined` for a miss. */
  async getMany<Value>(keys: string[]): Promise<Array<Value | undefined>> {
    const read = (stored: string[]) => this.#client.getMany<Value>(stored)
    const { found, stored } = await this.#readMany(keys, read)
    return stored.map((key) => found?.get(key))
  }

  /** Up to two seconds longer than the value can be read. */
  async has(key: string): Promise<boolean> {
    return (await this.hasMany([key]))[0] as boolean
  }

  /** Whether each key has a value, in the order of the keys. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    const read = (stored: string[]) => this.#client.hasMany(stored)
    const { found, stored } = await this.#readMany(keys, read)
    return stored.map((key) => found?.has(key) ?? false)
  }

  /** Stores a value. @param ttl - milliseconds. @default for ever */
  async set(key: string, value: unknown, ttl: number = Number.POSITIVE_INFINITY): Promise<boolean> {
    const options = { expire: cacheExpire(ttl), noreply: false }
    return this.#space.run((keys) => this.#client.set(keys(key), value, options))
  }

  /** Whether each was stored. */
  async setMany(entries: readonly KeyvEntry[]): Promise<boolean[]> {
    return Promise.all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)))
  }

  /** Removes a value. @returns whether there was one */
  async delete(key: string): Promise<boolean> {
    return this.#space.run((keys) => this.#client.delete(keys(key), { noreply: false }))
  }

  /** Whether all were there. */
  async deleteMany(keys: string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)))
    return deleted.every(Boolean)
  }

  /** Makes every value of the namespace a miss. */
  async clear(): Promise<void> {
    return this.#space.clear()
  }

  /** What was found of the keys, and under which each was looked for. */
  async #readMany<T>(
    keys: string[],
    read: (stored: string[]) => Promise<T>,
  ): Promise<{ found: T | undefined; stored: string[] }> {
    let stored = keys
    const call = (itemKeys: ItemKeys) => {
      stored = keys.map(itemKeys)
      return read(stored)
    }
    const found = await this.#space.run(call).catch((error: unknown) => {
      this.#report(error)
      return error instanceof MemcachePartialError ? (error.results as T) : undefined
    })
    return { found, stored }
  }

  #spaceOf(name: string): Namespace {
    return new Namespace(this.#client, `keyv:${name}`, this.opts)
  }

  #report(error: unknown): void {
    for (const listener of this.#listeners) listener(toError(error))
  }

  /** Every Keyv listens once. Of two namespaces only the last would be known, and cleared in place of the other. */
  #refuseSharing(): void {
    if (this.#listeners.length > 1 && this.#names.size > 1) {
      throw new TypeError(
        `a KeyvMemcache must have one Keyv, its namespaces are ${[...this.#names].join(', ')}: make another for each`,
      )
    }
  }
}
