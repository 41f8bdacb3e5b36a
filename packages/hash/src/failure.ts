import {
  MemcacheClosedError,
  MemcacheCounterRangeError,
  MemcacheError,
  MemcacheIllegalInputError,
  MemcachePartialError,
} from '@mc/protocol'

/**
 * Whether `ignoreExc` covers an error: what servers, the network and stored values do wrong. Misuse, the
 * reason of an abort, and a counter that did change are told in any case.
 */
function isIgnorable(error: unknown): boolean {
  return (
    error instanceof MemcacheError &&
    !(error instanceof MemcacheIllegalInputError) &&
    !(error instanceof MemcacheClosedError) &&
    !(error instanceof MemcacheCounterRangeError)
  )
}

/** With `ignoreExc`: the fallback in place of the errors that it covers. */
export async function orOnError<T>(answer: Promise<T>, fallback: T): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isIgnorable(error)) return fallback
    throw error
  }
}

/**
 * Rejects for what failed of a call that went to several servers, unless `ignoreExc` covers all of it.
 *
 * @param anyCame - whether some part of the call succeeded; if not, its first error says it all
 * @throws MemcachePartialError, or the first error that is not ignorable
 */
export function throwFailures(
  results: unknown,
  failed: ReadonlyMap<string | Uint8Array, Error>,
  anyCame: boolean,
  ignoreExc: boolean,
): void {
  if (failed.size === 0) return
  const errors = [...failed.values()]
  const untold = errors.find((error) => !isIgnorable(error))
  if (untold !== undefined) throw untold
  if (ignoreExc) return
  if (!anyCame) throw errors[0]
  throw new MemcachePartialError(results, failed)
}
