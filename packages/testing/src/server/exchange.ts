import type { Auth } from '@mc/protocol'
import type { MetaFeatures, ReplyWriter } from '../protocol/index.ts'
import type { CommandLog } from './command-log.ts'
import type { Item } from './item.ts'
import type { PrefixStats } from './prefix-stats.ts'
import type { Store } from './store.ts'
import type { Watchers } from './watchers.ts'

/** What the connections of one server share. */
export interface EmbeddedServerState {
  readonly store: Store
  readonly commands: CommandLog
  readonly writer: ReplyWriter
  readonly prefixStats: PrefixStats
  readonly watchers: Watchers
  readonly version: string
  /** What meta commands do in this version. */
  readonly features: MetaFeatures
  /** Passwords by user; absent when none are asked for. */
  readonly credentials: ReadonlyMap<string, string> | undefined
  readonly authScheme: Auth
  /** Called for `shutdown`; absent when the command is not enabled. */
  readonly shutdown: (() => void) | undefined
  /** Takes a line of the server's log. */
  readonly log: (line: string) => void
  readonly settings: ServerSettings
  readonly connections: ReadonlySet<ConnectionInfo>
  /** Number for the next batch of replies. */
  nextBatch(): number
}

/** What `stats settings` shows and commands can change. */
export interface ServerSettings {
  verbosity: number
  /** TCP port, 0 for a Unix socket. */
  port: number
  host: string | undefined
  path: string | undefined
  readonly tls: boolean
}

export interface ConnectionInfo {
  readonly peer: string
  readonly local: string
  /** Server time. */
  readonly lastCommandAt: number
}

/**
 * One connection as the commands see it. Replies leave in batches, since memcached does so and it can
 * be seen: in what is lost when a connection is closed, and in how a counter is written while its old
 * value is on its way out.
 */
export interface Exchange {
  readonly server: EmbeddedServerState
  /** Replies of this batch, the present one included. */
  readonly batched: number
  /** Keeps the item's value from being overwritten until the batch has left. */
  hold(item: Item): void
  isHeld(item: Item): boolean
  /** Sends the batch. */
  flush(): void
  /** Loses the batch. */
  drop(): void
  /** Reads nothing more, and closes when the batch has left. */
  close(): void
  /** Reads nothing more, and sends what happens from now on. */
  watch(topics: readonly string[]): void
}
