import { type CommandOptions, type Key, MemcacheIllegalInputError } from '@mc/protocol'
import {
  checkFunction,
  checkMilliseconds,
  checkNumber,
  checkOptionNames,
  isAbortSignal,
  mustBe,
  optionNames,
} from '@mc/protocol/toolkit'
import { checkSchema, type Schema } from './schema.ts'

const THIRTY_DAYS = 2_592_000

/** What a loader is called with. */
export interface LoadContext<S = unknown> {
  /** As given to `fetch`. */
  readonly key: Key
  /** Aborts after `loadTimeout`, or when every caller that waits has given up. */
  readonly signal: AbortSignal
  /** The value that is to be replaced, where there is one. */
  readonly stale: S | undefined
}

/** What a loader of many keys is called with. */
export interface LoadManyContext {
  /** Aborts after `loadTimeout`, or when every caller that waits has given up. */
  readonly signal: AbortSignal
}

/** Options of `fetch` that a client can have defaults for. */
export interface FetchDefaults<T = unknown> {
  /**
   * Seconds for which a value is fresh: a whole number, or 0 for ever; or a function that returns them for a value, negative
   * if it is not to be stored. Required, here or in the call.
   */
  readonly expire?: number | ((value: T) => number) | undefined
  /** Seconds after `expire` for which the old value is answered at once while one caller loads (RFC 5861). @default 0 */
  readonly staleWhileRevalidate?: number | undefined
  /** Seconds after `expire` for which the old value is answered if loading fails (RFC 5861). @default 0 */
  readonly staleIfError?: number | undefined
  /**
   * In the last so many fresh seconds one caller loads in the background. Less than `expire`: if a function
   * returns fewer, each read of the value loads. @default 0
   */
  readonly refreshAhead?: number | undefined
  /** Seconds for which it is remembered that a loader answered `undefined`; 0: not at all. @default 1 */
  readonly negativeExpire?: number | undefined
  /** Share of `expire`, 0 to 1, by which each time to live is shortened at random. @default 0 */
  readonly jitter?: number | undefined
  /** Milliseconds after which a load is given up. @default 10000 */
  readonly loadTimeout?: number | undefined
  /** Milliseconds after which a stale value at hand (`staleIfError`) is answered while the load goes on. @default never */
  readonly softTimeout?: number | undefined
  /**
   * Milliseconds for which another process's load is waited for, up to half more at random. Then one of the processes that
   * wait loads in its place, and the others wait as long again. Also the time for which a cache that does not answer is
   * read again.
   *
   * @default 2000
   */
  readonly waitTimeout?: number | undefined
  /** Milliseconds after a failed load of a value at hand in which this process does not try again. @default 1000 */
  readonly retryDelay?: number | undefined
  /** Milliseconds for each cache command. @default the client's `timeout` */
  readonly timeout?: number | undefined
}

/** Options of `fetch`, and of `fetchMany` for each of its values. */
export interface FetchOptions<T = unknown> extends FetchDefaults<T>, CommandOptions {
  /** Checks what the cache has, and what the loader answers. A stored value that it refuses is a miss. */
  readonly schema?: Schema<T> | undefined
  /** Ends this call alone, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const DEFAULT_NAMES = {
  expire: true,
  staleWhileRevalidate: true,
  staleIfError: true,
  refreshAhead: true,
  negativeExpire: true,
  jitter: true,
  loadTimeout: true,
  softTimeout: true,
  waitTimeout: true,
  retryDelay: true,
  timeout: true,
} as const
const DEFAULTS = optionNames<FetchDefaults>(DEFAULT_NAMES)
const OPTIONS = optionNames<FetchOptions>({ ...DEFAULT_NAMES, schema: true, signal: true })

/** The options of a call with nothing left out. */
export interface FetchSettings {
  readonly expire: number | ((value: never) => number)
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  /** Seconds for which an item outlives its freshness. */
  readonly window: number
  readonly refreshAhead: number
  readonly negativeExpire: number
  readonly jitter: number
  readonly loadTimeout: number
  readonly softTimeout: number | undefined
  readonly waitTimeout: number
  readonly retryDelay: number
  readonly schema: Schema<unknown> | undefined
  readonly signal: AbortSignal | undefined
  /** Of every cache command. */
  readonly command: CommandOptions
  /** Of every lease: it outlives its load, and is won in the last seconds. */
  readonly lease: { readonly seconds: number; readonly refreshWithin: number } & CommandOptions
}

/** @throws TypeError or RangeError */
export function checkDefaults(defaults: FetchDefaults<never>): void {
  checkOptionNames(defaults, DEFAULTS)
  settingsOf({ expire: 1, ...defaults } as FetchOptions)
}

/** What a call's options and the defaults come to. @throws MemcacheIllegalInputError */
export function fetchSettings(
  defaults: FetchDefaults<never>,
  options: FetchDefaults<never> | undefined,
): FetchSettings {
  try {
    if (options !== undefined) checkOptionNames(options, OPTIONS)
    return settingsOf({ ...defaults, ...options } as FetchOptions)
  } catch (error) {
    throw new MemcacheIllegalInputError((error as Error).message)
  }
}

function settingsOf(options: FetchOptions): FetchSettings {
  const { expire, schema, signal, timeout, softTimeout } = options
  const seconds = (name: string, value = 0, min = 0): number =>
    checkNumber(name, value, { integer: true, min, max: THIRTY_DAYS, unit: 'seconds' })
  if (typeof expire === 'number') seconds('expire', expire)
  else if (expire === undefined) throw new TypeError('expire must be given, here or as a default')
  else checkFunction('expire', expire)
  if (schema !== undefined) checkSchema(schema)
  if (signal !== undefined && !isAbortSignal(signal)) mustBe('signal', 'an AbortSignal', signal)
  const staleWhileRevalidate = seconds('staleWhileRevalidate', options.staleWhileRevalidate)
  const staleIfError = seconds('staleIfError', options.staleIfError)
  const refreshAhead = seconds('refreshAhead', options.refreshAhead)
  if (typeof expire === 'number' && expire > 0 && refreshAhead >= expire) {
    throw new RangeError(`refreshAhead must be less than expire, ${expire}, got ${refreshAhead}`)
  }
  const window = Math.max(staleWhileRevalidate, staleIfError)
  const loadTimeout = checkMilliseconds('loadTimeout', options.loadTimeout ?? 10_000)
  const command = timeout === undefined ? {} : { timeout: checkMilliseconds('timeout', timeout) }
  return {
    expire,
    staleWhileRevalidate,
    staleIfError,
    window,
    refreshAhead,
    negativeExpire: seconds('negativeExpire', options.negativeExpire ?? 1),
    jitter: checkNumber('jitter', options.jitter ?? 0, { min: 0, max: 1 }),
    loadTimeout,
    softTimeout:
      softTimeout === undefined ? undefined : checkMilliseconds('softTimeout', softTimeout),
    waitTimeout: checkMilliseconds('waitTimeout', options.waitTimeout ?? 2000),
    retryDelay: checkNumber('retryDelay', options.retryDelay ?? 1000, {
      min: 0,
      unit: 'milliseconds',
    }),
    schema,
    signal,
    command,
    lease: {
      // Its server counts in whole seconds, of which the first may be short.
      seconds: Math.min(Math.ceil(loadTimeout / 1000) + 1, THIRTY_DAYS),
      refreshWithin: window + refreshAhead,
      ...command,
    },
  }
}
