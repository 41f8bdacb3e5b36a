import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/** Lets so many through in a second, evenly. */
export class RateLimit {
  readonly #perSecond: number
  readonly #signal: AbortSignal
  readonly #now: () => number
  #freeAt = 0

  /**
   * @param perSecond - `Infinity`: no limit
   * @param now - milliseconds
   */
  constructor(perSecond: number, signal: AbortSignal, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond
    this.#signal = signal
    this.#now = now
  }

  /** Waits until `count` more may go. @throws the signal's reason when it aborts */
  async take(count: number): Promise<void> {
    this.#signal.throwIfAborted()
    const now = this.#now()
    const start = Math.max(now, this.#freeAt)
    this.#freeAt = start + (count / this.#perSecond) * 1000
    if (start > now) await setTimeout(start - now, undefined, { signal: this.#signal })
  }
}
