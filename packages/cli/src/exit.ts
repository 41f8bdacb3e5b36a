import {
  isConnectionError,
  MemcacheClosedError,
  MemcacheIllegalInputError,
  MemcachePartialError,
} from '@mc/protocol'
import { CommanderError } from 'commander'

/** What the program exits with. */
export const Exit = {
  /** Done, found, stored. */
  ok: 0,
  /** Not found, not stored, different, or failed in another way. */
  failed: 1,
  /** The command line or a file that it names is invalid. */
  usage: 2,
  /** A server could not be reached. */
  unreachable: 3,
} as const

export type Exit = (typeof Exit)[keyof typeof Exit]

/** The command line is invalid. */
export class UsageError extends Error {}

/** What an error means for the caller of the program. */
export function exitOf(error: unknown): Exit {
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.ok : Exit.usage
  if (error instanceof UsageError || error instanceof MemcacheIllegalInputError) return Exit.usage
  if (error instanceof TypeError || error instanceof RangeError) return Exit.usage
  if (error instanceof MemcachePartialError) return exitOf([...error.failed.values()][0])
  if (error instanceof MemcacheClosedError) return Exit.failed
  return isConnectionError(error) ? Exit.unreachable : Exit.failed
}
