import type { MemcacheClient } from '@mc/protocol'
import { checkOptionNames, optionNames } from '@mc/protocol/toolkit'
import { Keys } from '../kit/keys.ts'

/** Options of the stores of rate limits. */
export interface RateLimitStoreOptions {
  /**
   * Text before every key. Limiters that share it count together.
   *
   * @default 'rate-limit:'
   */
  readonly prefix?: string | undefined
}

const OPTION_NAMES = optionNames<RateLimitStoreOptions>({ prefix: true })

/** What a store makes its keys with. */
export interface Prefixed {
  readonly prefix: string
  readonly keys: Keys
}

/** @throws TypeError or RangeError for an invalid option */
export function prefixed(client: MemcacheClient, options: RateLimitStoreOptions): Prefixed {
  checkOptionNames(options, OPTION_NAMES)
  const { prefix = 'rate-limit:' } = options
  return { prefix, keys: new Keys(prefix, client.maxKeyLength) }
}
