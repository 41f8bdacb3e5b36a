import { createHash } from 'node:crypto'
import type { MemcacheClient } from '@mc/protocol'
import { checkNumber, mustBe } from '@mc/protocol/toolkit'
import { GenerationRecord } from './generation-record.ts'
import { HASHED_LENGTH, legalKey } from './keys.ts'

const RECORD_PREFIX = 'mc:generation:'
/** 132 bits of a hash of several generations. */
const COMBINED_LENGTH = 22
/** What an item's key takes beside its name at most: generations, two colons, the key hashed. */
const TAIL_LENGTH = COMBINED_LENGTH + 2 + HASHED_LENGTH

/** Options of everything that keeps its items in a namespace. */
export interface NamespaceOptions {
  /**
   * Milliseconds for which this process may not notice that another has cleared the namespace. 0: it looks in each turn.
   *
   * @default 1000
   */
  readonly staleFor?: number | undefined
}

/** Makes the key of an item as it is stored out of the key as it is given. */
export type ItemKeys = (key: string) => string

/**
 * Items that can be cleared without any others: the generation of the namespace is a part of every key, and clearing is
 * the start of a new one. The items of earlier generations stay until they expire or memcached evicts them.
 */
export class Namespace {
  /** By which all processes find the same items. */
  readonly name: string
  readonly #client: MemcacheClient
  readonly #options: NamespaceOptions
  readonly #now: () => number
  readonly #legalName: string
  readonly #records: readonly GenerationRecord[]
  readonly #own: GenerationRecord
  #keys: { readonly generation: string; readonly make: ItemKeys } | undefined

  /**
   * @param parent - clearing it clears this one as well
   * @param now - milliseconds of Unix time
   * @throws TypeError or RangeError for an invalid option, or a client whose own key prefix is too long
   */
  constructor(
    client: MemcacheClient,
    name: string,
    options: NamespaceOptions = {},
    parent?: Namespace,
    now: () => number = Date.now,
  ) {
    if (typeof name !== 'string') mustBe('a namespace', 'a string', name)
    const { staleFor = 1000 } = options
    checkNumber('staleFor', staleFor, { min: 0, unit: 'milliseconds' })
    this.name = name
    this.#client = client
    this.#options = options
    this.#now = now
    this.#legalName = legalKey(name, nameLength(client))
    this.#own = new GenerationRecord(client, RECORD_PREFIX + this.#legalName, staleFor, now)
    this.#records = parent === undefined ? [this.#own] : [...parent.#records, this.#own]
  }

  /** A namespace of its own that is cleared with this one. */
  child(name: string): Namespace {
    return new Namespace(this.#client, name, this.#options, this, this.#now)
  }

  /**
   * Runs a call of the client with the keys of the generation in force. If that has to be looked up, the request for it
   * leaves in the same write as the call; should another generation be in force, the call runs again.
   */
  run<T>(call: (keys: ItemKeys) => Promise<T>): Promise<T> {
    const known = this.#known()
    const isFresh = known !== undefined && this.#records.every((record) => record.isFresh)
    return isFresh ? call(known) : this.#confirmed(known, call)
  }

  /**
   * Starts a new generation. Other processes see the old one for up to `staleFor`.
   *
   * @throws the client's error if the new generation may not have been stored
   */
  clear(): Promise<void> {
    return this.#own.renew()
  }

  async #confirmed<T>(
    known: ItemKeys | undefined,
    call: (keys: ItemKeys) => Promise<T>,
  ): Promise<T> {
    const reading = Promise.all(
      this.#records.map((record) => (record.isFresh ? record.latest : record.read())),
    )
    // Both are in flight from here: neither may reject unobserved.
    const [result] = await Promise.all([known && call(known), reading])
    const current = this.#known() as ItemKeys
    return known === current ? (result as T) : call(current)
  }

  /** Keys of the latest generation that this process has seen; the same function as long as there is no later one. */
  #known(): ItemKeys | undefined {
    const generation = this.#generation()
    if (generation === undefined) return undefined
    if (this.#keys?.generation !== generation) {
      const prefix = `${this.#legalName}:${generation}:`
      const room = this.#client.maxKeyLength - prefix.length
      this.#keys = { generation, make: (key) => prefix + legalKey(key, room) }
    }
    return this.#keys.make
  }

  #generation(): string | undefined {
    if (this.#records.length === 1) return this.#own.latest
    let all = ''
    for (const { latest } of this.#records) {
      if (latest === undefined) return undefined
      all += latest
    }
    return createHash('sha256').update(all).digest('base64url').slice(0, COMBINED_LENGTH)
  }
}

function nameLength(client: MemcacheClient): number {
  const length = client.maxKeyLength - TAIL_LENGTH
  if (length >= HASHED_LENGTH) return length
  throw new RangeError(
    `the key prefix of the client must leave ${TAIL_LENGTH + HASHED_LENGTH} bytes for keys, it leaves ${client.maxKeyLength}`,
  )
}
