import { onAbort, startTimer } from '@mc/protocol/toolkit'

/** Limits of one wait for an object. */
export interface AcquireOptions {
  /** Gives up the wait; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds to wait at most. `Infinity`: as long as it takes. @default the pool's `acquireTimeout` */
  readonly timeout?: number | undefined
}

/** One call of `get`, from asking to the answer. Settles once; what comes later is ignored. */
export class Borrower<T> {
  /** Borrowers count up, which separates what happened before a borrower asked from what it caused. */
  readonly order: number
  readonly promise: Promise<T>
  readonly #timeout: number
  readonly #overdue: () => Error
  readonly #forgetSignal: (() => void) | undefined
  #resolve: (object: T) => void = () => {}
  #reject: (reason: unknown) => void = () => {}
  #cancelTimer: (() => void) | undefined
  #leave: (() => void) | undefined
  #settled = false

  /**
   * @param timeout - milliseconds, from the first call of `limit` on
   * @param overdue - makes the error to reject with when they are over
   */
  constructor(
    order: number,
    timeout: number,
    overdue: () => Error,
    signal: AbortSignal | undefined,
  ) {
    this.order = order
    this.#timeout = timeout
    this.#overdue = overdue
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#forgetSignal = signal && onAbort(signal, () => this.reject(signal.reason))
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Limits the wait, from the first call on: most borrowers need not wait and are spared a timer. */
  limit(): void {
    if (this.#settled || this.#cancelTimer !== undefined) return
    this.#cancelTimer = startTimer(this.#timeout, () => this.reject(this.#overdue()))
  }

  /** Calls `leave` when the wait ends, however it ends. */
  onSettled(leave: () => void): void {
    this.#leave = leave
  }

  /** False if the borrower has gone: the object is still the pool's. */
  resolve(object: T): boolean {
    if (!this.#settle()) return false
    this.#resolve(object)
    return true
  }

  reject(reason: unknown): void {
    if (this.#settle()) this.#reject(reason)
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#cancelTimer?.()
    this.#forgetSignal?.()
    this.#leave?.()
    return true
  }
}
