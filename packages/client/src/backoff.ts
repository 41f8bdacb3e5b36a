import type { MemcacheError } from '@mc/protocol'
import { clock } from '@mc/protocol/toolkit'

/** The wait between failed connection attempts: doubling, bounded, and spread by a quarter either way. */
export class Backoff {
  readonly #initial: number
  readonly #max: number
  #failure: MemcacheError | undefined
  #delay = 0
  #until = 0

  /** Delays are milliseconds: `initial` is the first, `max` the longest. */
  constructor({ initial = 50, max = 2000 }: { readonly initial?: number; readonly max?: number }) {
    this.#initial = initial
    this.#max = max
  }

  /** The failure behind the wait, while that is on. */
  get failure(): MemcacheError | undefined {
    return clock() < this.#until ? this.#failure : undefined
  }

  /** Starts or lengthens the wait; attempts in progress together count as one. */
  failed(failure: MemcacheError): void {
    const now = clock()
    if (now < this.#until) return
    this.#failure = failure
    this.#delay = Math.min(this.#max, this.#delay === 0 ? this.#initial : this.#delay * 2)
    this.#until = now + this.#delay * (0.75 + Math.random() / 2)
  }

  /** The next failure waits for the first delay again. */
  succeeded(): void {
    this.#delay = 0
    this.#until = 0
  }
}
