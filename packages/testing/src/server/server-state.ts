import { checkFunction, checkNumber, optionNames } from '@mc/protocol/toolkit'
import { metaFeatures, ReplyWriter } from '../protocol/index.ts'
import { CommandLog } from './command-log.ts'
import type { ConnectionInfo, EmbeddedServerState, ServerSettings } from './exchange.ts'
import { PrefixStats } from './prefix-stats.ts'
import { Store } from './store.ts'
import { Watchers } from './watchers.ts'

/** What an embedded server is like, with or without a network before it. */
export interface ServerStateOptions {
  /** Bytes for items, counted as memcached counts them. @default 67108864 */
  readonly memoryLimit?: number | undefined
  /** Largest item in bytes, its key and 58 to 62 bytes of bookkeeping included. @default 1048576 */
  readonly itemSizeMax?: number | undefined
  /** Milliseconds of Unix time. @default Date.now */
  readonly now?: (() => number) | undefined
  /**
   * What `version` answers, and what meta commands do: from 1.6.20 `ms` takes N and s, from 1.6.24 `me` shows a positive
   * time to live, from 1.6.27 E is taken and `md` takes x, from 1.6.40 `mg` takes C. Also the form of dumps, `lru_crawler mgdump`
   * from 1.6.19 and `watch deletions` from 1.6.20. All else is as in 1.6.18.
   *
   * @default '1.6.18'
   */
  readonly version?: string | undefined
}

export const SERVER_STATE_OPTIONS: ReadonlySet<string> = optionNames<ServerStateOptions>({
  memoryLimit: true,
  itemSizeMax: true,
  now: true,
  version: true,
})

/** @throws TypeError or RangeError for limits that are not a number of bytes */
export function createServerState(
  options: ServerStateOptions,
  settings: ServerSettings,
  connections: ReadonlySet<ConnectionInfo>,
  rest: Partial<Pick<EmbeddedServerState, 'credentials' | 'authScheme' | 'shutdown' | 'log'>> = {},
): EmbeddedServerState {
  const {
    memoryLimit = 67_108_864,
    itemSizeMax = 1_048_576,
    now = () => Date.now(),
    version = '1.6.18',
  } = options
  checkFunction('now', now)
  checkBytes('memoryLimit', memoryLimit)
  checkBytes('itemSizeMax', itemSizeMax)
  let batch = 0
  const watchers = new Watchers(now)
  return {
    store: new Store({ memoryLimit, itemSizeMax, now, watchers }),
    commands: new CommandLog(),
    writer: new ReplyWriter(),
    prefixStats: new PrefixStats(),
    watchers,
    version,
    features: metaFeatures(version),
    credentials: rest.credentials,
    authScheme: rest.authScheme ?? 'memcached',
    shutdown: rest.shutdown,
    log: rest.log ?? (() => undefined),
    settings,
    connections,
    nextBatch: () => ++batch,
  }
}

function checkBytes(name: string, bytes: number): void {
  checkNumber(name, bytes, { integer: true, min: 1, unit: 'bytes' })
}
