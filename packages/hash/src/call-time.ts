import type { CommandOptions } from '@mc/protocol'
import { checkCallOptions, Deadline } from '@mc/protocol/toolkit'

/** Assumed of the client of a server whose own timeout nobody has named. */
const UNKNOWN_TIMEOUT = 10_000

/** A server's client rejects in its own time: its error says more than that of a deadline, and comes first. */
const GRACE = 100

/** How many of the longest timeout closing may take: for a call, for its late reply, and for the rest. */
const TIMEOUTS_TO_CLOSE = 3

/** What remains of a call's time, for each of its steps. */
export interface Steps<O> {
  /** The options for a step that starts now. @throws MemcacheTimeoutError, the signal's reason */
  next(): O | undefined
  /** Settles with the step, and no later than the call must. */
  bound<T>(step: Promise<T>): Promise<T>
  /** Settles with what comes before anything is sent, and no later than the call must. */
  wait(before: Promise<unknown>): Promise<unknown>
}

/** The time of the calls of one client, all in milliseconds. */
export class CallTime {
  readonly #timeout: number | undefined
  readonly #now: () => number
  #longest: number

  /**
   * @param timeout - of calls that name none; `undefined`: only the clients of the servers know it
   * @param now - a clock that never goes back
   */
  constructor(timeout: number | undefined, now: () => number) {
    this.#timeout = timeout
    this.#now = now
    this.#longest = timeout ?? UNKNOWN_TIMEOUT
  }

  /** @throws MemcacheIllegalInputError for options that are invalid */
  stepsOf<O extends CommandOptions>(options: O | undefined): Steps<O> {
    if (options !== undefined) checkCallOptions(options)
    const timeout = options?.timeout ?? this.#timeout
    const signal = options?.signal
    this.note(options)
    const deadline = new Deadline(timeout ?? UNKNOWN_TIMEOUT, signal, this.#now)
    const wait = (before: Promise<unknown>): Promise<unknown> => deadline.bound(before, false)
    if (timeout === undefined) return { next: () => options, bound: (step) => step, wait }
    const end = new Deadline(timeout + GRACE, signal)
    return { next: () => deadline.step(options), bound: (step) => end.bound(step), wait }
  }

  /** Until when a probe must have an answer. */
  forProbe(): Deadline {
    return new Deadline((this.#timeout ?? UNKNOWN_TIMEOUT) + GRACE)
  }

  /** Until when all must be closed that is to be closed now, whatever the clients of the servers do. */
  toClose(): Deadline {
    return new Deadline(TIMEOUTS_TO_CLOSE * this.#longest)
  }

  /** Remembers a timeout, as closing waits for the calls in flight. */
  note(options: CommandOptions | undefined): void {
    const timeout = options?.timeout
    if (timeout !== undefined && timeout > this.#longest) this.#longest = timeout
  }
}
