import { MemcacheTimeoutError } from '@mc/protocol'
import { clock, onAbort, startTimer } from '@mc/protocol/toolkit'

interface Wait {
  readonly due: number
  readonly timeout: number
  readonly reject: (reason: unknown) => void
}

/** Ends waits for calls that do not settle in time. One timer is for all of them, as nearly all do. */
export class Watchdog {
  readonly #waits = new Set<Wait>()
  #cancelTimer = (): void => {}
  #timerDue = Number.POSITIVE_INFINITY

  /**
   * Settles as the work does, or rejects when the time is over or the signal aborts.
   *
   * @param timeout - milliseconds
   * @throws MemcacheTimeoutError, the signal's reason
   */
  bound<T>(work: Promise<T>, timeout: number, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait = { due: clock() + timeout, timeout, reject }
      this.#waits.add(wait)
      if (wait.due < this.#timerDue) this.#startTimer(wait.due, timeout)
      const forget = signal && onAbort(signal, () => reject(signal.reason))
      const settle = (): void => {
        forget?.()
        this.#waits.delete(wait)
        if (this.#waits.size === 0) this.#stopTimer()
      }
      work.then(
        (result) => {
          settle()
          resolve(result)
        },
        (error: unknown) => {
          settle()
          reject(error)
        },
      )
    })
  }

  #startTimer(due: number, delay: number): void {
    this.#cancelTimer()
    this.#timerDue = due
    this.#cancelTimer = startTimer(delay, () => this.#check())
  }

  #stopTimer(): void {
    this.#cancelTimer()
    this.#timerDue = Number.POSITIVE_INFINITY
  }

  #check(): void {
    this.#stopTimer()
    const now = clock()
    let next = Number.POSITIVE_INFINITY
    for (const wait of this.#waits) {
      if (wait.due > now) next = Math.min(next, wait.due)
      else {
        this.#waits.delete(wait)
        const message = `the call was not finished within ${wait.timeout} ms`
        wait.reject(new MemcacheTimeoutError(message))
      }
    }
    if (next < Number.POSITIVE_INFINITY) this.#startTimer(next, Math.max(1, next - now))
  }
}
