import type { Command } from '../command.ts'

/**
 * Rejects the command with the signal's reason when it aborts. If it was written by then, its reply is
 * still read in its place.
 */
export function watchSignal<T>(command: Command<T>, signal: AbortSignal): void {
  const { resolve, reject } = command
  const abort = (): void => {
    command.abandoned = true
    command.reject(signal.reason)
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
