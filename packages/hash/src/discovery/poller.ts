import { clearTimeout, setTimeout } from 'node:timers'
import { clock, closedError, MAX_TIMER, startTimer } from '@mc/protocol/toolkit'

/** The time and its timers, each of which returns a function that cancels it. */
export interface PollClock {
  now(): number
  /** Does not keep the process alive. */
  schedule(milliseconds: number, callback: () => void): () => void
  /** For a deadline: fires after the sockets have been read. */
  startTimer(milliseconds: number, callback: () => void): () => void
}

/** Imported, not global: tests of applications put their own timers in place of the global ones. */
const SYSTEM_CLOCK: PollClock = {
  now: clock,
  schedule: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds).unref()
    return () => clearTimeout(timer)
  },
  startTimer,
}

/** When to poll. Durations are milliseconds. */
export interface PollerRules {
  /** Between two polls, varied by chance; false: poll only after a failure or on request. */
  readonly interval: number | false
  /** Between the first polls that failures call for; later ones wait longer. */
  readonly minInterval: number
  /** For one poll. */
  readonly timeout: number
  /** A number from 0 to 1, below 1. */
  readonly random: () => number
  /** @default the system's */
  readonly clock?: PollClock | undefined
}

/** What a poll comes to. */
export interface PollOutcome {
  /** The nodes are others than before. */
  readonly hasChanged: boolean
  /** Milliseconds until the next poll, at least. @default the interval */
  readonly nextAfter?: number | undefined
}

/**
 * Part by which a wait is shortened or lengthened at most, so that clients do not poll all at once. Where the source says how
 * long its list is valid, it is lengthened only.
 */
const JITTER = 0.15

/** The longest wait after a failure where there is no interval. */
const MAX_WAIT = 60_000

/**
 * Runs a poll again and again from the first call of `poll` on, one at a time. None of its timers keeps
 * the process alive.
 *
 * When a poll fails, or a poll that a failure called for finds no change, the next such poll waits twice as long.
 */
export class Poller {
  readonly #rules: PollerRules
  readonly #clock: PollClock
  readonly #work: (signal: AbortSignal) => Promise<PollOutcome>
  readonly #onFailure: (error: Error) => void
  readonly #maxWait: number
  #wait: number
  #startedAt = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined
  #abort: AbortController | undefined
  #cancelNext = (): void => {}
  #dueAt = Number.POSITIVE_INFINITY
  #failure: Error | undefined
  /** A failure calls for the poll that runs or comes next. */
  #isCalledFor = false
  #isStopped = false

  /**
   * @param work - one poll, which ends when its signal aborts
   * @param onFailure - receives the error of each poll that fails
   */
  constructor(
    rules: PollerRules,
    work: (signal: AbortSignal) => Promise<PollOutcome>,
    onFailure: (error: Error) => void,
  ) {
    this.#rules = rules
    this.#clock = rules.clock ?? SYSTEM_CLOCK
    this.#work = work
    this.#onFailure = onFailure
    this.#maxWait = rules.interval === false ? MAX_WAIT : rules.interval
    this.#wait = this.#firstWait
  }

  /** The failure of the last poll until the next one is due. */
  get failure(): Error | undefined {
    return this.#clock.now() < this.#dueAt ? this.#failure : undefined
  }

  /** Polls now, or joins the poll that runs. */
  poll(): Promise<void> {
    if (this.#isStopped) return Promise.reject(closedError())
    this.#running ??= this.#run()
    // `onFailure` reports it where nobody waits for the promise.
    this.#running.catch(() => {})
    return this.#running
  }

  /** Polls once the poll that runs now, if any, is over: its list may be older than this call. */
  async pollAnew(): Promise<void> {
    await this.#running?.catch(() => {})
    await this.poll()
  }

  /** A failure calls for a poll: at once, unless there was one just before. */
  pollSoon(): void {
    this.#isCalledFor = true
    if (this.#running === undefined) this.#schedule(this.#startedAt + this.#wait)
  }

  /** Ends a poll that runs, and polls no more. */
  stop(): void {
    this.#isStopped = true
    this.#cancelNext()
    this.#abort?.abort(closedError())
  }

  get #firstWait(): number {
    return Math.min(this.#rules.minInterval, this.#maxWait)
  }

  async #run(): Promise<void> {
    this.#cancelNext()
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#startedAt = this.#clock.now()
    const wasCalledFor = this.#isCalledFor
    this.#isCalledFor = false
    try {
      const { hasChanged, nextAfter } = await this.#workInTime()
      this.#failure = undefined
      this.#wait = wasCalledFor && !hasChanged ? this.#nextWait() : this.#firstWait
      this.#scheduleNext(this.#rules.interval, nextAfter)
    } catch (error) {
      if (!this.#isStopped) {
        this.#failure = error as Error
        this.#scheduleNext(this.#wait)
        this.#wait = this.#nextWait()
        this.#onFailure(error as Error)
      }
      throw error
    } finally {
      this.#running = undefined
    }
  }

  async #workInTime(): Promise<PollOutcome> {
    const { timeout } = this.#rules
    const abort = new AbortController()
    this.#abort = abort
    const cancel = this.#clock.startTimer(timeout, () => {
      abort.abort(new Error(`no answer within ${timeout} ms`))
    })
    try {
      return await this.#work(abort.signal)
    } finally {
      cancel()
      this.#abort = undefined
    }
  }

  #nextWait(): number {
    return Math.min(this.#wait * 2, this.#maxWait)
  }

  /** @param validFor - in place of the wait, and never cut short */
  #scheduleNext(wait: number | false, validFor?: number): void {
    const chance = this.#rules.random()
    const varied = validFor === undefined ? 1 + JITTER * (2 * chance - 1) : 1 + JITTER * chance
    if (wait !== false) this.#schedule(this.#clock.now() + (validFor ?? wait) * varied)
    if (this.#isCalledFor) this.#schedule(this.#startedAt + this.#wait)
  }

  /** Polls at that time if not sooner. */
  #schedule(at: number): void {
    if (this.#isStopped || at >= this.#dueAt) return
    this.#cancelNext()
    this.#dueAt = at
    const wait = Math.min(Math.max(0, at - this.#clock.now()), MAX_TIMER)
    this.#cancelNext = this.#clock.schedule(wait, () => void this.poll())
  }
}
