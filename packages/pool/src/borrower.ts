import { onAbort } from '@mc/protocol/toolkit'
import type { Wait, Waits } from './waits.ts'

/** Limits of one wait for an object. */
export interface AcquireOptions {
  /** Gives up the wait; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds to wait at most. `Infinity`: as long as it takes. @default the pool's `acquireTimeout` */
  readonly timeout?: number | undefined
}

/** Whom a borrower asks for an object. */
export interface Lender<T> {
  /** What ends the waits of its borrowers. */
  readonly waits: Waits
  /** The error of a borrower whose milliseconds are over. */
  overdue(timeout: number): Error
  /** A borrower's wait has ended, however it ended. */
  onSettled(borrower: Borrower<T>): unknown
}

/** One call of `get`, from asking to the answer. Settles once; what comes later is ignored. */
export class Borrower<T> implements Wait {
  /** Borrowers count up, which separates what happened before a borrower asked from what it caused. */
  readonly order: number
  readonly promise: Promise<T>
  due: number = Number.POSITIVE_INFINITY
  readonly #lender: Lender<T>
  readonly #timeout: number
  readonly #forgetSignal: (() => void) | undefined
  #resolve!: (object: T) => void
  #reject!: (reason: unknown) => void
  #settled = false

  /** @param timeout - milliseconds, from the first call of `limit` on */
  constructor(lender: Lender<T>, order: number, timeout: number, signal: AbortSignal | undefined) {
    this.#lender = lender
    this.order = order
    this.#timeout = timeout
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#forgetSignal = signal && onAbort(signal, () => this.reject(signal.reason))
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Limits the wait, from the first call on: most borrowers need not wait and are spared that. */
  limit(): void {
    if (this.#settled || this.due < Number.POSITIVE_INFINITY) return
    this.due = this.#lender.waits.now() + this.#timeout
    if (this.due < Number.POSITIVE_INFINITY) this.#lender.waits.add(this)
  }

  expire(): void {
    this.reject(this.#lender.overdue(this.#timeout))
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
    this.#lender.waits.delete(this)
    this.#forgetSignal?.()
    this.#lender.onSettled(this)
    return true
  }
}
