import { toError } from '@mc/protocol/toolkit'

/** What frameworks of callbacks are answered with. */
export type Callback<T> = (error: Error | null, result?: T) => void

/** Calls back when the promise settles. What the callback throws is an uncaught exception, not a rejection. */
export function callBack<T>(promise: Promise<T>, callback: Callback<T> | undefined): void {
  promise.then(
    (result) => queueMicrotask(() => callback?.(null, result)),
    (error: unknown) => queueMicrotask(() => callback?.(toError(error))),
  )
}
