import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds that a load takes. */
const LOAD = 200
/** Milliseconds for which a value is cached at least: memcached counts whole seconds, so that 2 may be little more than 1. */
const LIFE = 1000

/** The slow database behind a cache. Its one value is its version. */
export class Source {
  /** All loads so far. */
  loads = 0
  #expiries = 0
  #expired = Number.NEGATIVE_INFINITY
  #version = 1

  /** While nothing is invalidated, whatever is loaded sooner than a value can expire is loaded once too often. */
  get loadsPerExpiry(): number {
    return this.loads / this.#expiries
  }

  /** Reads the version at once and answers it late: it may be an older one by then. */
  async load(): Promise<number> {
    const version = this.#version
    this.loads++
    const now = performance.now()
    if (now - this.#expired >= LIFE) {
      this.#expired = now
      this.#expiries++
    }
    await sleep(LOAD)
    return version
  }

  /** Answers the new version. */
  change(): number {
    return ++this.#version
  }
}
