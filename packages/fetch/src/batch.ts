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
  readonly #load: LoadMany
  #requests: Request[] = []

  constructor(load: LoadMany) {
    this.#load = load
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
      const keys = requests.map(({ key }) => key)
      const loaded = await this.#load(keys, { signal })
      if (typeof (loaded as Partial<Map<unknown, unknown>> | null)?.get !== 'function') {
        throw new TypeError(`the loader must answer a Map, got ${kindOf(loaded)}`)
      }
      for (const { key, resolve } of requests) resolve((loaded as Map<ItemKey, unknown>).get(key))
    } catch (error) {
      for (const { reject } of requests) reject(error)
    }
  }
}
