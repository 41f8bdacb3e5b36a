import { setImmediate } from 'node:timers'
import type { ItemKey } from '@mc/protocol'
import { kindOf, onAbort } from '@mc/protocol/toolkit'

/** Loads many keys: a map of those that have a value. */
export type LoadMany = (keys: ItemKey[], context: { readonly signal: AbortSignal }) => unknown

interface Request {
  readonly key: ItemKey
  readonly signal: AbortSignal
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The loads of one call of many keys: one of all that are asked for in the same turn of the event loop. */
export class Batch {
  /** Resolves when all keys have been read, so that it is known what is to be loaded. */
  readonly allRead: Promise<void>
  readonly #load: LoadMany
  #reading: number
  #onAllRead: () => void = () => {}
  #requests: Request[] = []

  /** @param count - of the keys */
  constructor(load: LoadMany, count: number) {
    this.#load = load
    this.#reading = count
    this.allRead = new Promise((resolve) => {
      this.#onAllRead = resolve
    })
  }

  /** One of the keys has been read. */
  readonly hasRead = (): void => {
    if (--this.#reading === 0) this.#onAllRead()
  }

  request(key: ItemKey, signal: AbortSignal): Promise<unknown> {
    if (this.#requests.length === 0) setImmediate(() => void this.#run())
    return new Promise((resolve, reject) => {
      this.#requests.push({ key, signal, resolve, reject })
    })
  }

  async #run(): Promise<void> {
    const requests = this.#requests
    this.#requests = []
    const controller = new AbortController()
    let wanted = requests.length
    for (const { signal } of requests) {
      onAbort(signal, () => {
        if (--wanted === 0) controller.abort(signal.reason)
      })
    }
    try {
      const { signal } = controller
      const loaded = await this.#load(
        requests.map(({ key }) => key),
        { signal },
      )
      if (typeof (loaded as Partial<Map<unknown, unknown>> | null)?.get !== 'function') {
        throw new TypeError(`the loader must answer a Map, got ${kindOf(loaded)}`)
      }
      for (const { key, resolve } of requests) resolve((loaded as Map<ItemKey, unknown>).get(key))
    } catch (error) {
      for (const { reject } of requests) reject(error)
    }
  }
}
