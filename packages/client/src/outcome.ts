import {
  type Command,
  MemcacheClosedError,
  MemcacheError,
  MemcacheIllegalInputError,
} from '@mc/protocol'

/**
 * With `ignoreExc`: the fallback in place of server and network errors and unreadable values. Misuse
 * still rejects, and so does the reason of an abort.
 */
export async function orOnError<T>(answer: Promise<T>, fallback: T): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!isIgnorable(error)) throw error
    return fallback
  }
}

/** Whether `ignoreExc` covers an error. */
export function isIgnorable(error: unknown): boolean {
  return (
    error instanceof MemcacheError &&
    !(error instanceof MemcacheIllegalInputError) &&
    !(error instanceof MemcacheClosedError)
  )
}

/**
 * Rejects the command with the signal's reason when it aborts. If it was written by then, its reply is
 * still read in its place.
 */
export function watchSignal<T>(command: Command<T>, signal: AbortSignal): void {
  const { resolve, reject } = command
  const abort = (): void => {
    command.abandoned = true
    reject(signal.reason)
  }
  if (signal.aborted) {
    abort()
    return
  }
  signal.addEventListener('abort', abort, { once: true })
  command.resolve = (value) => {
    signal.removeEventListener('abort', abort)
    resolve(value)
  }
  command.reject = (error) => {
    signal.removeEventListener('abort', abort)
    reject(error)
  }
}
