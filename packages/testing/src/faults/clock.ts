import { checkNumber } from '@mc/protocol/toolkit'
import { monotonicNow, setTimeout } from '../timers.ts'

/** What tells a `FaultProxy` the time. */
export interface Clock {
  /** Milliseconds since any fixed moment. */
  now(): number
  /** Resolves so many milliseconds later. */
  sleep(milliseconds: number): Promise<void>
}

/** The machine's clock, which does not keep the process alive. */
export const systemClock: Clock = {
  now: monotonicNow,
  sleep: (milliseconds) =>
    new Promise((resolve) => {
      setTimeout(resolve, milliseconds).unref()
    }),
}

/**
 * A clock that stands still until a test moves it, for `FaultProxy` and, by its `now`, for
 * `MemcachedServer`.
 */
export class ManualClock implements Clock {
  #now: number
  #sleepers: { readonly until: number; readonly wake: () => void }[] = []

  /** Starts at a Unix time in milliseconds, by default that of the system. */
  constructor(start: number = Date.now()) {
    this.#now = start
  }

  /** Bound, so that it can be handed over as a function. */
  readonly now = (): number => this.#now

  sleep(milliseconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ until: this.#now + milliseconds, wake })
    })
  }

  /**
   * Moves on, and wakes who has slept long enough.
   *
   * @throws TypeError or RangeError when it would go back
   */
  advance(milliseconds: number): void {
    checkNumber('milliseconds', milliseconds, { min: 0 })
    this.#now += milliseconds
    const due = this.#sleepers.filter(({ until }) => until <= this.#now)
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now)
    for (const { wake } of due) wake()
  }
}
