import { checkNumber } from '@mc/protocol/toolkit'
import { Waiters } from './waiters.ts'

/** A fault at work: what `inject` answers. */
export interface InjectedFault {
  /** How often it has happened. */
  readonly count: number
  /**
   * Resolves when it has happened so many times. Rejects when it is removed before that.
   *
   * @default 1
   * @throws TypeError or RangeError for what is no positive integer, or more than the fault's `times`
   */
  happened(times?: number): Promise<void>
  /** Ends it: what it held back goes on, what it broke stays broken. */
  remove(): void
}

/** What all faults share. */
export interface Occurrence {
  /** How often it happens at most. @default no limit */
  readonly times?: number | undefined
}

/** A fault with how often it has happened, and who waits for that. */
export class ActiveFault<F extends Occurrence> implements InjectedFault {
  readonly fault: F
  /** Resolves when the fault is removed. */
  readonly removed: Promise<void>
  readonly #waiters = new Waiters()
  readonly #onRemove: () => void
  #resolveRemoved: () => void = () => undefined
  #removal: string | undefined
  #count = 0

  /** @param onRemove - called once */
  constructor(fault: F, onRemove: () => void) {
    this.fault = fault
    this.#onRemove = onRemove
    this.removed = new Promise((resolve) => {
      this.#resolveRemoved = resolve
    })
  }

  get count(): number {
    return this.#count
  }

  /** Lets it happen, unless it has happened often enough. */
  strikes(): boolean {
    const { times = Number.POSITIVE_INFINITY } = this.fault
    if (this.#removal !== undefined || this.#count >= times) return false
    this.#count++
    this.#waiters.check()
    return true
  }

  async happened(times = 1): Promise<void> {
    checkNumber('times', times, { integer: true, min: 1, max: this.fault.times })
    const hasHappened = (): boolean => this.#count >= times
    if (this.#removal !== undefined && !hasHappened()) throw new Error(this.#removal)
    await this.#waiters.until(hasHappened)
  }

  /** @param reason - told to those who wait for it to happen */
  remove(reason = 'the fault was removed before it had happened so often'): void {
    if (this.#removal !== undefined) return
    this.#removal = reason
    this.#waiters.fail(reason)
    this.#onRemove()
    this.#resolveRemoved()
  }
}
