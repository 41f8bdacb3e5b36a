import {
  isConnectionError,
  isIgnorableError,
  MemcacheConnectError,
  MemcachePartialError,
} from '@mc/protocol'

/**
 * The failure of the connection that is in an error: of a partial failure the first among its parts. It is
 * what outlives the call, so it has none of the values that the call was answered.
 */
export function connectionFailure(error: unknown): Error | undefined {
  if (!(error instanceof MemcachePartialError)) {
    return isConnectionError(error) ? (error as Error) : undefined
  }
  for (const part of error.failed.values()) {
    const failure = connectionFailure(part)
    if (failure !== undefined) return failure
  }
  return undefined
}

/** A call was not sent, as no server is left. */
export function allServersDown(command: string, cause: Error | undefined): MemcacheConnectError {
  const message = 'all servers seem to be down right now'
  return new MemcacheConnectError(message, { command, cause, written: false })
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
  const reported = errors.find((error) => !isIgnorableError(error))
  if (reported !== undefined) throw reported
  if (ignoreExc) return
  if (!anyCame) throw errors[0]
  throw new MemcachePartialError(results, failed)
}
