import { onAbort } from '@mc/protocol'

/** Limits of one wait for an object. */
export interface AcquireOptions {
  /** Gives up the wait; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds to wait at most. `Infinity`: as long as it takes. @default the pool's `acquireTimeout` */
  readonly timeout?: number | undefined
}

/** The longest delay that Node's timers take; longer ones fire at once. */
const MAX_DELAY = 2_147_483_647

/** One call of `get`, from asking to the answer. Settles once; what comes later is ignored. */
export class Borrower<T> {
  /** Borrowers count up, so that what happened before a borrower asked can be told from what it caused. */
  readonly order: number
  readonly promise: Promise<T>
  readonly #forgetSignal: (() => void) | undefined
  #resolve: (object: T) => void = () => {}
  #reject: (reason: unknown) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #leave: (() => void) | undefined
  #settled = false

  constructor(order: number, signal: AbortSignal | undefined) {
    this.order = order
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#forgetSignal = signal && onAbort(signal, () => this.reject(signal.reason))
  }

  get settled(): boolean {
    return this.#settled
  }

  /**
   * Limits the wait. The timer keeps the process alive, as somebody awaits its outcome.
   *
   * @param overdue - makes the error to reject with
   */
  limit(timeout: number, overdue: () => Error): void {
    if (this.#settled || timeout > MAX_DELAY) return
    this.#timer = setTimeout(() => this.reject(overdue()), timeout)
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
    clearTimeout(this.#timer)
    this.#forgetSignal?.()
    this.#leave?.()
    return true
  }
}
