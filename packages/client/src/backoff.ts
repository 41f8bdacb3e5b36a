import type { MemcacheError } from '@mc/protocol'

/** The wait between failed connection attempts: doubling, bounded, and spread by a quarter either way. */
export class Backoff {
  /** The failure that caused the wait. */
  cause: MemcacheError | undefined

  readonly #initial: number
  readonly #max: number
  #delay = 0
  #until = 0

  constructor({ initial, max }: { readonly initial: number; readonly max: number }) {
    this.#initial = initial
    this.#max = max
  }

  isOn(now: number): boolean {
    return now < this.#until
  }

  failed(cause: MemcacheError, now: number): void {
    this.cause = cause
    this.#delay = Math.min(this.#max, this.#delay === 0 ? this.#initial : this.#delay * 2)
    this.#until = now + this.#delay * (0.75 + Math.random() / 2)
  }

  succeeded(): void {
    this.cause = undefined
    this.#delay = 0
    this.#until = 0
  }
}
