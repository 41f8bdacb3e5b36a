import type { FetchClient } from '../../src/index.ts'
import type { Invalidations } from './invalidations.ts'
import type { Items } from './items.ts'
import type { Journal } from './journal.ts'
import type { ModelServer } from './model-server.ts'
import { type Source, type Value, valueAt } from './source.ts'
import { EXPIRE, TIMEOUT } from './terms.ts'

/** All who change the source and what the cache has of it. */
export class Writers {
  readonly #server: ModelServer
  readonly #source: Source
  readonly #items: Items
  readonly #invalidations: Invalidations
  readonly #journal: Journal
  #others = 0

  constructor(
    server: ModelServer,
    parts: {
      readonly source: Source
      readonly items: Items
      readonly invalidations: Invalidations
      readonly journal: Journal
    },
  ) {
    this.#server = server
    this.#source = parts.source
    this.#items = parts.items
    this.#invalidations = parts.invalidations
    this.#journal = parts.journal
  }

  /** A process changes the source and invalidates behind it; `staleTime` is what may be read for so many milliseconds. */
  invalidate(
    client: FetchClient<Value>,
    key: string,
    { staleFor, staleTime }: { readonly staleFor: number; readonly staleTime: number },
  ): void {
    const confirm = this.#begin(key, staleTime)
    client.invalidate(key, { staleFor, timeout: TIMEOUT }).then(confirm, () => {})
  }

  delete(client: FetchClient<Value>, key: string): void {
    const confirm = this.#begin(key, 0)
    client.delete(key, { timeout: TIMEOUT }).then(confirm, () => {})
  }

  /** Somebody else stores what the source has, all at once. */
  async set(key: string): Promise<void> {
    const load = `o${++this.#others}`
    const value = valueAt(key, this.#source.read(key), load)
    if (typeof value !== 'string') return
    this.#journal.disturb(key)
    const request = `ms ${key} ${value.length} T${EXPIRE} F16\r\n${value}\r\n`
    await this.#server.exchange(Buffer.from(request))
    this.#items.stored(key, load, EXPIRE)
  }

  /** Somebody changes all, and flushes the server. */
  async flush(keys: readonly string[]): Promise<void> {
    const confirms = keys.map((key) => this.#begin(key, 0))
    await this.#server.exchange(Buffer.from('flush_all\r\n'))
    this.#items.clear()
    for (const confirm of confirms) confirm()
  }

  #begin(key: string, staleTime: number): () => void {
    const confirm = this.#invalidations.begin(key, staleTime)
    this.#journal.disturb(key)
    return () => {
      this.#journal.disturb(key)
      this.#journal.note(`a write of ${key} is confirmed`)
      confirm()
    }
  }
}
