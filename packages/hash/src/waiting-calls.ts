import type { CommandOptions } from '@mc/protocol'
import type { CallTime } from './call-time.ts'

/** Calls that wait before they are sent, for a server or the probe of one. */
export class WaitingCalls {
  readonly #time: CallTime
  readonly #calls = new Set<Promise<unknown>>()

  constructor(time: CallTime) {
    this.#time = time
  }

  get isEmpty(): boolean {
    return this.#calls.size === 0
  }

  /** Runs the call once `before` resolves, with what is left of its time. */
  run<O extends CommandOptions, T>(
    before: Promise<unknown>,
    options: O | undefined,
    call: (options: O | undefined) => Promise<T>,
  ): Promise<T> {
    // Invalid options reject before anybody listens.
    before.catch(() => {})
    const answer = this.#run(before, options, call)
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

  async #run<O extends CommandOptions, T>(
    before: Promise<unknown>,
    options: O | undefined,
    call: (options: O | undefined) => Promise<T>,
  ): Promise<T> {
    const steps = this.#time.stepsOf(options)
    await steps.wait(before)
    return call(steps.next())
  }
}
