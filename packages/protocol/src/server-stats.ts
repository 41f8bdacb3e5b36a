import type { Stats } from './memcache-client.ts'

/**
 * What `stats` of any memcached has; what else a server has is there by its name. Counters begin at its start or the last
 * `stats reset`; times are seconds.
 */
export interface GeneralStats extends Stats {
  /** Id of the process. */
  readonly pid: number
  /** Seconds since the start. */
  readonly uptime: number
  /** The server's clock, Unix time. */
  readonly time: number
  /** Version of the server. */
  readonly version: string
  /** Open connections. */
  readonly curr_connections: number
  /** Connections since the start. */
  readonly total_connections: number
  /** Keys that were read. */
  readonly cmd_get: number
  /** Storage commands. */
  readonly cmd_set: number
  /** Reads that found a value. */
  readonly get_hits: number
  /** Reads that found none. */
  readonly get_misses: number
  /** Bytes received. */
  readonly bytes_read: number | bigint
  /** Bytes sent. */
  readonly bytes_written: number | bigint
  /** Bytes that items may take. */
  readonly limit_maxbytes: number
  /** Bytes that items take. */
  readonly bytes: number
  /** Items stored now. */
  readonly curr_items: number
  /** Items stored since the start. */
  readonly total_items: number
  /** Items removed before they expired, to make room. */
  readonly evictions: number
  /** Worker threads. */
  readonly threads: number
}

/** What `stats settings` of memcached 1.4.14 and later has. */
export interface SettingsStats extends Stats {
  /** Bytes that items may take. */
  readonly maxbytes: number
  /** Connections that may be open. */
  readonly maxconns: number
  /** TCP port; 0: none. */
  readonly tcpport: number
  /** Whether items are removed to make room; otherwise stores fail. */
  readonly evictions: boolean
  /** How much larger the chunks of each slab class are than those of the one before. */
  readonly growth_factor: number
  /** Least bytes of an item’s key, value and flags. */
  readonly chunk_size: number
  /** Worker threads. */
  readonly num_threads: number
  /** Whether items have CAS tokens. */
  readonly cas_enabled: boolean
  /** Whether SASL is on, for the binary protocol. */
  readonly auth_enabled_sasl: boolean
  /** Most bytes of an item. */
  readonly item_size_max: number
}

/** `stats items`: by names such as `items:1:number`, the slab class in the middle. */
export type ItemsStats = Stats & { readonly [name: `items:${number}:${string}`]: number }

/** `stats slabs`: by names such as `1:chunk_size`, the slab class in front, and two sums. */
export type SlabsStats = Stats & {
  readonly [name: `${number}:${string}`]: number
  readonly active_slabs: number
  readonly total_malloced: number
}

/** What `stats` with these arguments answers. */
export type StatsOf<A extends readonly string[]> = A extends readonly []
  ? GeneralStats
  : A extends readonly ['settings']
    ? SettingsStats
    : A extends readonly ['items']
      ? ItemsStats
      : A extends readonly ['slabs']
        ? SlabsStats
        : Stats
