import {
  type Key,
  type Leased,
  type MemcacheClient,
  MemcacheClosedError,
  MemcacheIllegalInputError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
} from '@mc/protocol'
import { clock } from '@mc/protocol/toolkit'
import type { FetchSettings } from './options.ts'
import { orAborted } from './or-aborted.ts'

/** Reads the item of one key for one caller. */
export class ItemReader {
  readonly #client: MemcacheClient
  readonly #key: Key
  readonly #settings: FetchSettings
  /** When the first of the last reads began that got no answer. */
  #silentSince: number | undefined

  constructor(client: MemcacheClient, key: Key, settings: FetchSettings) {
    this.#client = client
    this.#key = key
    this.#settings = settings
  }

  /**
   * The item as it is; `undefined` if the cache cannot say.
   *
   * @param start - now, where the caller has just looked at the clock
   * @throws MemcacheIllegalInputError, MemcacheClosedError
   */
  read(start: number = clock()): Promise<Leased<unknown> | undefined> {
    return this.#client.lease(this.#key, this.#settings.lease).then(
      (leased) => {
        this.#silentSince = undefined
        return known(leased)
      },
      (error) => this.unread(error, start),
    )
  }

  /** As `read`. What is won for a caller who has given up goes to the next one. @throws the signal's reason */
  readUnlessAborted(start?: number): Promise<Leased<unknown> | undefined> {
    const reading = this.read(start)
    const { signal } = this.#settings
    if (signal === undefined) return reading
    return orAborted(reading, signal).catch((error: unknown) => {
      if (signal.aborted) reading.then((leased) => this.giveBack(leased)).catch(() => {})
      throw error
    })
  }

  /** Lets the next caller win a placeholder that nobody here fills. */
  giveBack(leased: Leased<unknown> | undefined): void {
    if (leased?.kind !== 'placeholder' || !leased.won) return
    this.#client.release(leased, this.#settings.command).catch(() => {})
  }

  /**
   * What a read that failed comes to. One that got no answer is repeated for up to `waitTimeout`: if every caller loaded at
   * once when the cache is slow, the source would have the whole load. After other failures the cache cannot say.
   *
   * @throws what is the caller's own fault
   */
  unread(error: unknown, start: number): Promise<Leased<unknown> | undefined> | undefined {
    if (error instanceof MemcacheIllegalInputError || error instanceof MemcacheClosedError) {
      throw error
    }
    const isSlow =
      error instanceof MemcacheTimeoutError || error instanceof MemcacheUnexpectedCloseError
    const { waitTimeout, signal } = this.#settings
    this.#silentSince ??= start
    const isOver = clock() - this.#silentSince >= waitTimeout || signal?.aborted === true
    return isSlow && !isOver ? this.read() : undefined
  }
}

function known(leased: Leased<unknown>): Leased<unknown> | undefined {
  return leased.cas === undefined ? undefined : leased
}
