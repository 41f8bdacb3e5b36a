import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { clock, STALL } from '@mc/protocol/toolkit'

/** Milliseconds from one look to the next, at most. */
const MAX_INTERVAL = 50
const MIN_INTERVAL = 5

/** Something that is to end in time. */
export interface Wait {
  /** On the clock of its `Waits`. */
  readonly due: number
  /** It is due. */
  expire(): void
}

/**
 * Ends waits that take too long. One timer is for all of them, as nearly all end in time; it keeps the process alive
 * while there are any.
 *
 * A process that stood still, in a long calculation or frozen, finds its timers due before the replies that came
 * meanwhile. So the sockets are read before anything ends, and the time that was lost does not count.
 */
export class Waits {
  readonly #waits = new Set<Wait>()
  #timer: NodeJS.Timeout | undefined
  /** When the timer fires. */
  #lookAt = Number.POSITIVE_INFINITY
  /** Milliseconds that the process stood still while somebody waited. */
  #lost = 0

  /** Milliseconds on a clock that stands still with the process, while somebody waits. */
  now(): number {
    return clock() - this.#lost
  }

  add(wait: Wait): void {
    if (this.#waits.size === 0) this.#timer?.ref()
    this.#waits.add(wait)
    if (wait.due < this.#lookAt) this.#arm(wait.due)
  }

  delete(wait: Wait): void {
    if (this.#waits.delete(wait) && this.#waits.size === 0) this.#timer?.unref()
  }

  /** Leaves no timer behind, once nobody will wait any more. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Looks when half of what is left is over, or sooner: no more of a standstill counts as waiting. */
  #arm(due: number): void {
    const now = this.now()
    const interval = Math.min(MAX_INTERVAL, Math.max(MIN_INTERVAL, (due - now) / 2))
    const lookAt = Math.min(due, now + interval)
    if (lookAt >= this.#lookAt) return
    clearTimeout(this.#timer)
    this.#lookAt = lookAt
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(1, lookAt - now))
  }

  #onTimer(): void {
    const late = this.now() - this.#lookAt
    if (late > STALL) this.#lost += late
    this.#timer = undefined
    this.#lookAt = Number.POSITIVE_INFINITY
    if (this.#waits.size > 0) setImmediate(() => this.#look())
  }

  #look(): void {
    const now = this.now()
    let next = Number.POSITIVE_INFINITY
    for (const wait of this.#waits) {
      if (wait.due > now) next = Math.min(next, wait.due)
      else {
        this.#waits.delete(wait)
        wait.expire()
      }
    }
    if (this.#waits.size > 0) this.#arm(next)
  }
}
