import { isIgnorableError, MemcachePartialError } from '@mc/protocol'

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
  const untold = errors.find((error) => !isIgnorableError(error))
  if (untold !== undefined) throw untold
  if (ignoreExc) return
  if (!anyCame) throw errors[0]
  throw new MemcachePartialError(results, failed)
}
