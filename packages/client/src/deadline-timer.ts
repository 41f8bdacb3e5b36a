import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { clock, STALL } from '@mc/protocol/toolkit'
import { outsideCalls } from './context.ts'

/** Deadlines are checked no more often than this, in milliseconds. */
const MIN_INTERVAL = 5

/** After a stall, sockets are read for at most so many turns of the loop: each takes up to 2 MB of one. */
const CATCH_UP_TURNS = 16

/**
 * One timer for the earliest of many deadlines. It does not keep the process alive.
 *
 * A process that stood still, in a long calculation or frozen, finds its timers due before the replies that
 * came meanwhile. So what the sockets hold is read before anything expires, and `onDue` gets the time since
 * the timer was set: in some of it nothing could be sent.
 */
export class DeadlineTimer {
  readonly #onDue: (stalled: number) => void
  readonly #heardAt: () => number
  #timer: NodeJS.Timeout | undefined
  #due = Number.POSITIVE_INFINITY

  /**
   * @param onDue - called at the deadline with the milliseconds that a stall took at most, 0 without one
   * @param heardAt - changes with every read of the socket
   */
  constructor(onDue: (stalled: number) => void, heardAt: () => number) {
    this.#onDue = onDue
    this.#heardAt = heardAt
  }

  /** Fires at `due`, on the clock of `performance.now()`, or at an earlier deadline set before. */
  arm(due: number): void {
    if (due >= this.#due) return
    this.clear()
    this.#due = due
    const now = clock()
    const delay = Math.max(MIN_INTERVAL, due - now)
    this.#timer = outsideCalls(() => setTimeout(() => this.#fire(now, delay), delay).unref())
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#due = Number.POSITIVE_INFINITY
  }

  #fire(setAt: number, delay: number): void {
    this.clear()
    const passed = clock() - setAt
    if (passed > delay + STALL) this.#catchUp(CATCH_UP_TURNS, passed)
    else this.#catchUp(1, 0)
  }

  /** Waits until a turn of the loop has read nothing, for so many turns at most. */
  #catchUp(turns: number, stalled: number): void {
    const heardAt = this.#heardAt()
    setImmediate(() => {
      if (turns > 1 && this.#heardAt() !== heardAt) this.#catchUp(turns - 1, stalled)
      else this.#onDue(stalled)
    })
  }
}
