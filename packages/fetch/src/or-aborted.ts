import { Deadline } from '@mc/protocol/toolkit'

/** Settles as the promise does, or rejects with the signal's reason if that aborts before. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined
    ? promise
    : new Deadline(Number.POSITIVE_INFINITY, signal).bound(promise)
}
