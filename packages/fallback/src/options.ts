import {
  checkBoolean,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkOneOf,
  checkOptionNames,
  optionNames,
} from '@mc/protocol/toolkit'

/** How a `FallbackClient` treats the older caches. */
export interface FallbackClientOptions {
  /**
   * Copy what is found in an older cache into the first one, to expire there after this many seconds; 0
   * means never. The copy is an `add`: it never overwrites a newer write. A copy that fails is counted, and
   * fails no call.
   *
   * @default no copies
   */
  readonly warm?: { readonly expire: number } | undefined
  /** Delete from every cache, so that a deleted key does not come back from an older one. @default true */
  readonly deleteFromAll?: boolean | undefined
  /**
   * What a failure of an older cache is to its caller: an `error`, or a `miss` (for deletes: nothing to
   * delete). Failures of the first cache are always errors. @default 'error'
   */
  readonly olderFailures?: 'error' | 'miss' | undefined
  /**
   * Milliseconds for a whole call that has no `timeout` of its own, all caches together, and for a copy in
   * the background. Each client also keeps to its own timeout.
   *
   * @default 1000
   */
  readonly timeout?: number | undefined
}

const FALLBACK_CLIENT_OPTIONS = optionNames<FallbackClientOptions>({
  warm: true,
  deleteFromAll: true,
  olderFailures: true,
  timeout: true,
})

/** `FallbackClientOptions` with nothing left out. */
export interface FallbackSettings {
  /** Seconds; undefined: no copies. */
  readonly warmExpire: number | undefined
  readonly deleteFromAll: boolean
  readonly olderFailures: 'error' | 'miss'
  readonly timeout: number
}

/** The options with their defaults. @throws TypeError or RangeError for an invalid one */
export function fallbackSettings(options: FallbackClientOptions): FallbackSettings {
  checkOptionNames(options, FALLBACK_CLIENT_OPTIONS)
  const { warm, deleteFromAll = true, olderFailures = 'error', timeout = 1000 } = options
  if (warm !== undefined) {
    checkObject('warm', warm)
    checkNumber('warm.expire', warm.expire, { integer: true, min: 0, unit: 'seconds' })
  }
  return {
    warmExpire: warm?.expire,
    deleteFromAll: checkBoolean('deleteFromAll', deleteFromAll),
    olderFailures: checkOneOf('olderFailures', olderFailures, ['error', 'miss']),
    timeout: checkMilliseconds('timeout', timeout),
  }
}
