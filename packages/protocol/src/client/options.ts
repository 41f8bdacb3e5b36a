import { MemcacheIllegalInputError } from '../errors.ts'
import { isAbortSignal } from '../foreign.ts'
import type {
  CommandOptions,
  FlushOptions,
  GetOptions,
  RawCommandOptions,
  StoreOptions,
  WriteOptions,
} from '../memcache-client.ts'
import type { Serde } from '../serde.ts'
import { optionNames, unknownOption } from './option-names.ts'

/** Options of every `CommandClient`: what calls mean, whatever carries them. */
export interface CommandClientOptions<V> {
  /**
   * Milliseconds for a whole call: queueing, connecting, an asynchronous serde, and all keys of many.
   *
   * @default 1000
   */
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
  /**
   * Whether errors of the server and the network show in their `stack` where the call was made, in place of where
   * the reply was read. Takes a few microseconds for each call, so it is for looking for an error.
   *
   * @default false
   */
  readonly captureStack?: boolean | undefined
}

const COMMAND = { timeout: true, signal: true } as const
const WRITE = { ...COMMAND, noreply: true } as const

/** The names that each kind of call takes in its options. */
export const CALL_OPTIONS: Readonly<
  Record<'command' | 'read' | 'write' | 'store' | 'flush' | 'raw' | 'shutdown', ReadonlySet<string>>
> = {
  command: optionNames<CommandOptions>(COMMAND),
  read: optionNames<GetOptions>({ ...COMMAND, default: true }),
  write: optionNames<WriteOptions>(WRITE),
  store: optionNames<StoreOptions>({ ...WRITE, expire: true, flags: true }),
  flush: optionNames<FlushOptions>({ ...WRITE, delay: true }),
  raw: optionNames<RawCommandOptions>({ ...COMMAND, endToken: true }),
  shutdown: optionNames<CommandOptions & { graceful?: boolean }>({ ...COMMAND, graceful: true }),
}

/** The names that the constructor of every `CommandClient` takes; those of a class come beside them. */
export const COMMAND_CLIENT_OPTIONS: ReadonlySet<string> = optionNames<
  CommandClientOptions<unknown>
>({
  timeout: true,
  serde: true,
  keyPrefix: true,
  allowUnicodeKeys: true,
  defaultNoreply: true,
  ignoreExc: true,
  captureStack: true,
})

/** @throws TypeError unless it has the methods of a serde */
export function checkSerde<V>(serde: Serde<V>): Serde<V> {
  if (typeof serde?.serialize !== 'function' || typeof serde.deserialize !== 'function') {
    throw new TypeError('serde must be an object with the methods serialize and deserialize')
  }
  return serde
}

/** The longest that a timer can hold. */
const MAX_TIMEOUT = 2_147_483_647

/** @throws TypeError or RangeError unless a timer can hold it */
export function checkMilliseconds(name: string, value: number): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number of milliseconds, got ${typeof value}`)
  }
  if (!isTimerLength(value)) {
    throw new RangeError(`${name} must be from 1 to ${MAX_TIMEOUT} milliseconds, got ${value}`)
  }
  return value
}

/** @throws TypeError unless it is an object: options given where something else is meant do nothing */
export function checkObject(name: string, value: object): void {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${name} must be an object, got ${value === null ? 'null' : typeof value}`)
  }
}

/** @throws TypeError unless it is a boolean */
export function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} must be a boolean, got ${typeof value}`)
  return value
}

/**
 * @param names - those that the call takes; misspelt ones would do nothing
 * @throws MemcacheIllegalInputError for invalid options of a call
 */
export function checkCallOptions(options: WriteOptions, names?: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) {
    illegal('options of a call must be an object', options)
  }
  const problem = names && unknownOption(options, names)
  if (problem !== undefined) throw new MemcacheIllegalInputError(problem)
  const { timeout, signal, noreply } = options
  if (timeout !== undefined && !(typeof timeout === 'number' && isTimerLength(timeout))) {
    illegal(`timeout must be from 1 to ${MAX_TIMEOUT} milliseconds`, timeout)
  }
  if (signal !== undefined && !isAbortSignal(signal)) {
    illegal('signal must be an AbortSignal', signal)
  }
  if (noreply !== undefined && typeof noreply !== 'boolean') {
    illegal('noreply must be a boolean', noreply)
  }
}

function isTimerLength(milliseconds: number): boolean {
  return milliseconds > 0 && milliseconds <= MAX_TIMEOUT
}

function illegal(message: string, got: unknown): never {
  const shown = typeof got === 'number' || got === null ? String(got) : typeof got
  throw new MemcacheIllegalInputError(`${message}, got ${shown}`)
}
