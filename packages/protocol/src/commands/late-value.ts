import { startTimer } from '../client/deadline.ts'
import { clock } from '../clock.ts'
import type { Command } from '../command.ts'
import { type MemcacheErrorOptions, MemcacheSerdeError, MemcacheTimeoutError } from '../errors.ts'
import type { ItemKey } from '../memcache-client.ts'

/** Calls back unless the command, whose serde works on after its reply, has settled by its deadline. */
export function settleInTime(command: Command, onDeadline: () => void): void {
  command.onAnswer(startTimer(command.deadline - clock(), onDeadline))
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
