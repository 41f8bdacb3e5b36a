import type { MemcacheConnectError } from '@mc/protocol'

/**
 * The wait between failed attempts to connect, for all clients of a pool together: a client whose attempt
 * failed leaves the pool, and takes its own wait with it.
 */
export class ConnectBackoff {
  readonly #initial: number
  readonly #max: number
  #failure: MemcacheConnectError | undefined
  #delay = 0
  #until = 0

  constructor({
    initial = 50,
    max = 2000,
  }: { readonly initial?: number; readonly max?: number } = {}) {
    this.#initial = initial
    this.#max = max
  }

  /** The failure behind the wait, while that is on. */
  get failure(): MemcacheConnectError | undefined {
    return performance.now() < this.#until ? this.#failure : undefined
  }

  /** Attempts that were under way together count as one. */
  failed(error: MemcacheConnectError): void {
    const now = performance.now()
    if (now < this.#until) return
    this.#failure = error
    this.#delay = Math.min(this.#max, this.#delay === 0 ? this.#initial : this.#delay * 2)
    this.#until = now + this.#delay * (0.75 + Math.random() / 2)
  }

  succeeded(): void {
    this.#delay = 0
    this.#until = 0
  }
}
