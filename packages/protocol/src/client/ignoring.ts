import { isIgnorableError, MemcachePartialError } from '../errors.ts'
import type { CommandOptions } from '../memcache-client.ts'
import type { MethodTraits } from '../methods.ts'

/**
 * What a call answers with `ignoreExc`: of one that failed for some of its keys what came, else what the method
 * answers in place of the errors that are covered.
 */
export async function orIgnored<T>(
  answer: Promise<T>,
  method: MethodTraits,
  options: CommandOptions | undefined,
): Promise<T> {
  try {
    return await answer
  } catch (error) {
    const { ignored } = method
    if (ignored === undefined || !isIgnorableError(error)) throw error
    if (!(error instanceof MemcachePartialError)) return ignored(options) as T
    if (![...error.failed.values()].every(isIgnorableError)) throw error
    return error.results as T
  }
}
