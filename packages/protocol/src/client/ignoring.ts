import { isIgnorableError, MemcachePartialError } from '../errors.ts'
import type { CommandOptions } from '../memcache-client.ts'
import type { MethodTraits } from '../methods.ts'
import type { CommandTrace } from '../telemetry.ts'
import { currentTrace } from './call-trace.ts'
import { firstFailure } from './traced.ts'

/** What `ignoreExc` means for the calls of one client. */
export class Ignoring {
  #lastError: unknown

  /** The last error that was covered; `undefined` if none was. Of a partial failure it is the first. */
  get lastError(): Error | undefined {
    return this.#lastError as Error | undefined
  }

  /** Notes an error with which a call does not reject. @param trace - of that call */
  cover(error: unknown, trace: CommandTrace | undefined): void {
    this.#lastError = firstFailure(error)
    if (trace === undefined) return
    trace.error = this.#lastError
    trace.isIgnored = true
  }

  /**
   * What a call that is being made answers: of one that failed for some of its keys what came, else what the method
   * answers in place of the errors that are covered.
   */
  async answer<T>(
    answer: Promise<T>,
    method: MethodTraits,
    options: CommandOptions | undefined,
  ): Promise<T> {
    const trace = currentTrace()
    try {
      return await answer
    } catch (error) {
      const { ignored } = method
      if (ignored === undefined || !isIgnorableError(error)) throw error
      const isPartial = error instanceof MemcachePartialError
      if (isPartial && ![...error.failed.values()].every(isIgnorableError)) throw error
      this.cover(error, trace)
      return (isPartial ? error.results : ignored(options)) as T
    }
  }
}
