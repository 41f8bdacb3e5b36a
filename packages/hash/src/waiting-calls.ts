import { type CommandOptions, MemcacheTimeoutError, onAbort } from '@mc/protocol'
import { withDeadline } from './many-keys.ts'

/** Calls that came before there was any server, each with its own deadline and signal. */
export class WaitingCalls {
  readonly #timeout: number
  readonly #now: () => number
  readonly #calls = new Set<Promise<unknown>>()

  /**
   * @param timeout - milliseconds for a call that names none
   * @param now - milliseconds on the clock that measures them
   */
  constructor(timeout: number, now: () => number) {
    this.#timeout = timeout
    this.#now = now
  }

  get isEmpty(): boolean {
    return this.#calls.size === 0
  }

  /** Runs the call once `servers` resolves, with what is left of its time. */
  run<O extends CommandOptions, T>(
    servers: Promise<unknown>,
    options: O | undefined,
    call: (options: O | undefined) => Promise<T>,
  ): Promise<T> {
    // A call that is aborted already does not wait for them.
    servers.catch(() => {})
    const answer = this.#wait(servers, options).then(call)
    this.#calls.add(answer)
    const forget = (): void => {
      this.#calls.delete(answer)
    }
    answer.then(forget, forget)
    return answer
  }

  /** Resolves when all of them have settled. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#calls)
  }

  async #wait<O extends CommandOptions>(
    servers: Promise<unknown>,
    options: O | undefined,
  ): Promise<O | undefined> {
    const { timeout = this.#timeout, signal } = options ?? {}
    const optionsNow = withDeadline({ ...options, timeout } as O, this.#now)
    signal?.throwIfAborted()
    let stopWaiting = (): void => {}
    const given = new Promise<never>((_, reject) => {
      const forget = signal && onAbort(signal, () => reject(signal.reason))
      const timer = setTimeout(() => reject(tooLate()), timeout).unref()
      stopWaiting = () => {
        clearTimeout(timer)
        forget?.()
      }
    })
    try {
      await Promise.race([servers, given])
    } finally {
      stopWaiting()
    }
    return optionsNow()
  }
}

function tooLate(): MemcacheTimeoutError {
  return new MemcacheTimeoutError('no server was known before the deadline', { written: false })
}
