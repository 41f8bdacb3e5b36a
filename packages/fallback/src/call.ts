import type { CommandOptions } from '@mc/protocol'
import { CALL_OPTIONS, checkCallOptions, closedError, Deadline, partOf } from '@mc/protocol/toolkit'

/** Clients settle their own calls in time. One whose hooks hang does not: its step ends this much later. */
const GRACE = 20

/** Of any call: the steps get the time and the signal alone, and would not look for misspelt names. */
const OPTIONS = new Set(Object.values(CALL_OPTIONS).flatMap((names) => [...names]))

/** One call of a `FallbackClient`: its one deadline and one signal, for all of its steps. */
export class Call {
  readonly deadline: Deadline
  readonly #hasTimeout: boolean
  readonly #asPart = partOf(<R>(step: () => Promise<R>) => step())

  /** @param timeout - milliseconds for a call that has none of its own */
  constructor(timeout: number, options: CommandOptions = {}) {
    checkCallOptions(options, OPTIONS)
    this.#hasTimeout = options.timeout !== undefined
    this.deadline = new Deadline(options.timeout ?? timeout, options.signal)
  }

  get isAborted(): boolean {
    return this.deadline.signal?.aborted === true
  }

  /**
   * Runs one step on a client, within what is left of the time even if the client does not keep it. A
   * client's own timeout holds as well, unless the caller gave one.
   *
   * @throws MemcacheTimeoutError, the signal's reason, and whatever the step throws
   */
  async step<O extends CommandOptions, R>(
    options: O | undefined,
    run: (options: O & CommandOptions) => Promise<R>,
  ): Promise<R> {
    const { timeout, signal } = this.deadline.step()
    const own = { ...(options as O), signal, ...(this.#hasTimeout && { timeout }) }
    return new Deadline((timeout as number) + GRACE, signal).bound(this.#asPart(() => run(own)))
  }

  /** A call with half of the time that is left, for steps that must leave time to others. */
  half(): Call {
    const { left, signal } = this.deadline
    const timeout = Math.max(1, left / 2)
    return new Call(timeout, this.#hasTimeout ? { timeout, signal } : { signal })
  }
}

/** The calls in progress. Each ends by its deadline, so `end` can wait for them. */
export class Calls {
  readonly #timeout: number
  #running = 0
  #isEnding = false
  #ended: (() => void) | undefined

  /** @param timeout - milliseconds for a call that has none of its own */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  /** @throws MemcacheClosedError after `end`, and whatever `run` throws */
  async run<R>(options: CommandOptions | undefined, run: (call: Call) => Promise<R>): Promise<R> {
    if (this.#isEnding) throw closedError()
    const call = new Call(this.#timeout, options)
    this.#running++
    try {
      return await run(call)
    } finally {
      if (--this.#running === 0) this.#ended?.()
    }
  }

  /** Takes no more calls; resolves when those in progress have settled. */
  async end(): Promise<void> {
    this.#isEnding = true
    if (this.#running === 0) return
    await new Promise<void>((resolve) => {
      this.#ended = resolve
    })
  }
}
