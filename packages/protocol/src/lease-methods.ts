import type { CasToken, CommandOptions, Expire, Key } from './memcache-client.ts'
import type { LeaseState } from './meta-methods.ts'

/** Options of `lease`. */
export interface LeaseOptions extends CommandOptions {
  /**
   * Seconds, 1 to 2592000, for which a caller that wins a missing item has it to itself. Then, if it has not filled
   * it, the next caller wins.
   */
  readonly seconds: number
  /**
   * Let one caller win an item that has this many seconds to live, or fewer, 0 to 2147483646. In the text dialect
   * nobody wins an item that is there. @default 0, nobody
   */
  readonly refreshWithin?: number | undefined
}

/** Options of `fill`. */
export interface FillOptions extends CommandOptions {
  /** @default 0, never */
  readonly expire?: Expire | undefined
}

/** Options of `invalidate`. */
export interface InvalidateOptions extends CommandOptions {
  /**
   * Seconds, 0 to 2592000, for which callers of `lease` may still have the value, marked stale, while one of them
   * stores a new one. It never lives longer than it would have. In the text dialect the item is deleted. @default 0
   */
  readonly staleFor?: number | undefined
}

/** The state of an item as a `lease` saw it, by which `fill` and `release` find out whether it has changed since. */
export interface Lease {
  /** As given to `lease`. */
  readonly key: Key
  /** The item's CAS token; `undefined` if the server had neither an item nor room for a placeholder. */
  readonly cas: CasToken | undefined
  /** Stands for the connection on which it came: servers that count CAS tokens themselves begin anew after a restart. */
  readonly origin: object | undefined
}

/**
 * What a `lease` found: a value; `nothing`, which a `fill` with `undefined` has stored; the `placeholder` of a value
 * that somebody is to store; a value that the serde cannot read.
 */
export type LeaseKind = 'value' | 'nothing' | 'placeholder' | 'unreadable'

/** What `lease` answers. */
export interface Leased<T> extends Lease, LeaseState {
  /** What the caller is to do: see `LeaseKind`. */
  readonly kind: LeaseKind
  /** Of kind `value`, else `undefined`. */
  readonly value: T | undefined
  /** Why a value is `unreadable`. */
  readonly error: Error | undefined
  /** Seconds to live; `Infinity` for an item that never expires; `undefined` in the text dialect. */
  readonly ttl: number | undefined
}

/**
 * Leases of memcached: of all callers that miss an item one wins it and stores it, the others know that somebody
 * does, and what it stores is not stored over anything newer (Nishtala et al., Scaling Memcache at Facebook, 2013).
 *
 * `ignoreExc` covers none of these methods. In the text dialect a lease is an item that `add` stores, and a server
 * started without CAS tokens (`-C`) cannot tell what is newer.
 *
 * @typeParam V - the values that the client's serde takes and gives
 */
export interface LeaseMethods<V> {
  /** Reads an item; of the callers that miss it one wins: it is to `fill` or `release` it. */
  lease<T = V>(key: Key, options: LeaseOptions): Promise<Leased<T>>
  /**
   * Stores a value, or with `undefined` that there is none, if the item is still what the lease saw: `true` stored,
   * `false` changed by someone else, `undefined` gone, or unknown
   * because the connection of the lease is gone.
   */
  fill(
    lease: Lease,
    value: NoInfer<V> | undefined,
    options?: FillOptions,
  ): Promise<boolean | undefined>
  /** Deletes the item if it is still what the lease saw, so that the next caller wins. Answers as `fill`. */
  release(lease: Lease, options?: CommandOptions): Promise<boolean | undefined>
  /** Deletes an item so that no lease taken before can fill it. `false` if there was none. */
  invalidate(key: Key, options?: InvalidateOptions): Promise<boolean>
}
