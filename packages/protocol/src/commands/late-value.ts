import { performance } from 'node:perf_hooks'
import { startTimer } from '../client/deadline.ts'
import type { Command } from '../command.ts'
import { type MemcacheErrorOptions, MemcacheSerdeError, MemcacheTimeoutError } from '../errors.ts'
import type { ItemKey } from '../memcache-client.ts'

/**
 * Keeps a command whose serde works on after its reply: it settles once, and `onDeadline` is called unless it
 * has settled by its deadline. Its signal rejects it as before, which a promise given to `resolve` prevents.
 */
export function settleInTime<T>(command: Command<T>, onDeadline: () => void): void {
  const { resolve, reject } = command
  const cancel = startTimer(command.deadline - performance.now(), onDeadline)
  let isSettled = false
  const once =
    <A>(settle: (argument: A) => void) =>
    (argument: A): void => {
      if (isSettled) return
      isSettled = true
      cancel()
      settle(argument)
    }
  command.resolve = once(resolve)
  command.reject = once(reject)
}

/**
 * The error of a deadline that passed while a serde worked. The server and its connection are not at fault:
 * `isConnectionError` recognises that by the cause.
 */
export function serdeTimeout(
  what: 'read' | 'written',
  place: MemcacheErrorOptions & { readonly key?: ItemKey | undefined },
): MemcacheTimeoutError {
  const { key, ...rest } = place
  const message = `the serde had not ${what} the value before the deadline`
  const cause = new MemcacheSerdeError(message, { key })
  return new MemcacheTimeoutError(message, { ...rest, cause })
}
