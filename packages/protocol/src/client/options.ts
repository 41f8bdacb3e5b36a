import { MemcacheIllegalInputError } from '../errors.ts'
import type { Serde } from '../serde.ts'

/** Options of every `CommandClient`: what calls mean, whatever carries them. */
export interface CommandClientOptions<V> {
  /** Milliseconds for a whole command, queueing and connecting included. @default 1000 */
  readonly timeout?: number | undefined
  /** How values become bytes. @default nativeSerde */
  readonly serde?: Serde<V> | undefined
  /** Goes in front of every key. @default '' */
  readonly keyPrefix?: string | Uint8Array | undefined
  /** Take key strings that are not ASCII, as UTF-8. @default false */
  readonly allowUnicodeKeys?: boolean | undefined
  /** `noreply` for calls that do not say: set, add, replace, append, prepend, delete, touch, flushAll. @default false */
  readonly defaultNoreply?: boolean | undefined
  /**
   * Reads answer their default, or an empty map, on server and network errors. Writes still reject,
   * and so does illegal input.
   *
   * @default false
   */
  readonly ignoreExc?: boolean | undefined
}

/** The longest that a timer can hold. */
const MAX_TIMEOUT = 2_147_483_647

/** @throws TypeError or RangeError unless a timer can hold it */
export function checkMilliseconds(name: string, value: number): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number of milliseconds, got ${typeof value}`)
  }
  if (!(value > 0 && value <= MAX_TIMEOUT)) {
    throw new RangeError(`${name} must be from 1 to ${MAX_TIMEOUT} milliseconds, got ${value}`)
  }
  return value
}

/** @throws TypeError unless it is a boolean */
export function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} must be a boolean, got ${typeof value}`)
  return value
}

/** A call's own timeout. @throws MemcacheIllegalInputError */
export function callTimeout(timeout: number): number {
  if (typeof timeout === 'number' && timeout > 0 && timeout <= MAX_TIMEOUT) return timeout
  const got = typeof timeout === 'number' ? timeout : typeof timeout
  throw new MemcacheIllegalInputError(
    `timeout must be from 1 to ${MAX_TIMEOUT} milliseconds, got ${got}`,
  )
}
