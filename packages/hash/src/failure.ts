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
export function noServer(
  command: string,
  { isEmpty, lastFailure: cause }: { isEmpty: boolean; lastFailure: Error | undefined },
): MemcacheConnectError {
  const message = isEmpty
    ? 'there are no servers: give them to the constructor, or to addServer'
    : 'all servers seem to be down right now'
  return new MemcacheConnectError(message, { command, cause, written: false })
}

/**
 * The error of a call that went to several servers; `undefined` if nothing failed.
 *
 * @param anyCame - whether some part of the call succeeded; if not, its first error says it all
 */
export function failureOf(
  results: unknown,
  failed: ReadonlyMap<string | Uint8Array, Error>,
  anyCame: boolean,
): Error | undefined {
  if (failed.size === 0) return undefined
  const errors = [...failed.values()]
  const reported = errors.find((error) => !isIgnorableError(error))
  if (reported !== undefined || !anyCame) return reported ?? errors[0]
  return new MemcachePartialError(results, failed)
}

/** Whether `ignoreExc` covers all that failed. */
export function isCovered(failed: ReadonlyMap<string | Uint8Array, Error>): boolean {
  return [...failed.values()].every(isIgnorableError)
}
