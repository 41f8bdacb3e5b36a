import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { MAX_TIMER } from '../check.ts'
import { clock, STALL } from '../clock.ts'
import { type MemcacheErrorOptions, MemcacheTimeoutError } from '../errors.ts'
import type { CommandOptions } from '../memcache-client.ts'
import { onAbort } from './watch-signal.ts'

/**
 * The one deadline and the one signal of a call, for all of its steps: the wait for a pooled client, the
 * batches of many keys, the caches of a list, the work of an asynchronous serde.
 */
export class Deadline {
  readonly signal: AbortSignal | undefined
  readonly #timeout: number
  #end: number
  readonly #now: () => number
  readonly #place: MemcacheErrorOptions

  /**
   * @param timeout - milliseconds from now for the whole call; `Infinity`: none
   * @param now - milliseconds on a clock that never goes back
   * @param place - what its error names
   */
  constructor(
    timeout: number,
    signal?: AbortSignal,
    now: () => number = clock,
    place: MemcacheErrorOptions = {},
  ) {
    this.signal = signal
    this.#timeout = timeout
    this.#end = now() + timeout
    this.#now = now
    this.#place = place
  }

  /** Milliseconds left; 0 when it has passed. */
  get left(): number {
    return Math.max(0, this.#end - this.#now())
  }

  /**
   * The options for the call's next step: the time that is left, and the signal.
   *
   * @throws MemcacheTimeoutError when none is left; the signal's reason when it has aborted
   */
  step<O extends CommandOptions>(options?: O): O & CommandOptions {
    if (this.signal?.aborted) throw this.signal.reason
    const { left } = this
    if (left === 0) throw this.#passed(false)
    const timeout = Math.min(Math.max(1, left), MAX_TIMER)
    return { ...(options as O), timeout, signal: this.signal }
  }

  /**
   * Settles as the work does, or rejects when the deadline passes or the signal aborts: the work then goes
   * on, and what comes of it is dropped.
   *
   * @param written - what the error of a passed deadline says
   * @throws MemcacheTimeoutError, the signal's reason
   */
  bound<T>(work: PromiseLike<T>, written?: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const undo: (() => void)[] = []
      let isSettled = false
      const settle = (): void => {
        isSettled = true
        for (const cancel of undo) cancel()
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
      const { signal } = this
      const abort = (): void => {
        settle()
        reject(signal?.reason)
      }
      if (signal?.aborted) abort()
      if (isSettled) return
      if (signal !== undefined) undo.push(onAbort(signal, abort))
      const passed = (): void => {
        settle()
        reject(this.#passed(written))
      }
      const extend = (lost: number): void => {
        this.#end = Math.max(this.#end, this.#now() + lost)
      }
      undo.push(startTimer(this.left, passed, extend))
    })
  }

  #passed(written: boolean | undefined): MemcacheTimeoutError {
    const message = `the call was not finished within ${this.#timeout} ms`
    return new MemcacheTimeoutError(message, { ...this.#place, written })
  }
}

/**
 * Calls back after so many milliseconds, and not before the loop has read its sockets: a process that stood
 * still finds its timers due before the replies that came meanwhile, and before requests have left that were waiting for
 * the end of the turn. So it gets the time back that it lost: once, as it may stand still again and again, and at most
 * the delay. Answers how to cancel it.
 *
 * The timer keeps the process alive, as somebody awaits what it ends.
 *
 * @param onStall - called before the sockets are read with the milliseconds that come on top
 */
export function startTimer(
  delay: number,
  callback: () => void,
  onStall?: (lost: number) => void,
): () => void {
  if (delay > MAX_TIMER) return () => {}
  const due = clock() + delay
  let isCancelled = false
  const end = (): void => {
    setImmediate(() => {
      if (!isCancelled) callback()
    })
  }
  let timer = setTimeout(() => {
    const late = clock() - due
    if (late <= STALL) {
      end()
      return
    }
    const lost = Math.min(late, delay)
    onStall?.(lost)
    timer = setTimeout(end, lost)
  }, delay)
  return () => {
    isCancelled = true
    clearTimeout(timer)
  }
}
