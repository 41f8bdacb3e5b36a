import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds that a load takes. */
const LOAD = 200

/** The slow database behind a cache. Its one value is its version. */
export class Source {
  /** All loads so far. */
  loads = 0
  /** How often the cached value has expired, or was invalidated. */
  expiries = 0
  #version = 1
  #running = 0

  get isLoading(): boolean {
    return this.#running > 0
  }

  /** Reads the version at once and answers it late: it may be an older one by then. */
  async load(): Promise<number> {
    const version = this.#version
    // The first load after a pause: the cache has no value any more. What comes beside it is too much.
    if (!this.isLoading) this.expiries++
    this.loads++
    this.#running++
    await sleep(LOAD)
    this.#running--
    return version
  }

  /** Answers the new version. */
  change(): number {
    // What is being loaded now is out of date, and has to be loaded again.
    if (this.isLoading) this.expiries++
    return ++this.#version
  }
}
