import type { CasToken, CommandOptions, Count, Expire, ItemKey, Key } from './memcache-client.ts'

/**
 * The fields of an item, each of which a call asks for by its name (PROTOCOL, "Meta commands").
 *
 * @typeParam T - the value
 */
export interface ItemFields<T> {
  /** The value, read by the client's serde; `undefined` for a placeholder, and for what `unlessCas` leaves out. */
  readonly value: T | undefined
  /** The CAS token. */
  readonly cas: CasToken
  /** Seconds to live; `Infinity` for an item that never expires. */
  readonly ttl: number
  /** Bytes of the value as stored. */
  readonly size: number
  /** The client flags, 0 to 4294967295. */
  readonly flags: number
  /** Seconds since it was last read or written. */
  readonly idle: number
  /** Whether it was read since it was written, this read not included. */
  readonly isFetched: boolean
}

/** Which caller stores an item anew. Every item that a call answers has these fields. */
export interface LeaseState {
  /** This caller is to store the item anew, and no other: the placeholder, the stale or the soon expiring one. */
  readonly won: boolean
  /** Another caller is to do so. */
  readonly alreadyWon: boolean
  /** It was marked stale by `metaDelete` with `invalidate`. */
  readonly stale: boolean
}

/** Options of `metaGet`: the fields that it answers, and what it does with the item. */
export interface MetaGetOptions extends CommandOptions, Asked<keyof ItemFields<unknown>> {
  /** Sets this expiry (flag `T`). */
  readonly touch?: Expire | undefined
  /** On a miss makes an empty placeholder with this expiry, won by this caller (`N`). */
  readonly vivify?: Expire | undefined
  /** Lets one caller win an item that has fewer seconds than this to live (`R`). */
  readonly recache?: number | undefined
  /** Leave the value out if the item still has this CAS token (`C`). From 1.6.40 on. */
  readonly unlessCas?: CasToken | undefined
  /** The CAS token of a placeholder made by `vivify` (`E`). From 1.6.27 on. */
  readonly setCas?: CasToken | undefined
  /** Count neither as a read nor as use: the item stays where it is in the LRU (`u`). @default false */
  readonly peek?: boolean | undefined
}

/** Options of `metaSet`. */
export interface MetaSetOptions extends CommandOptions, Asked<'cas' | 'size'> {
  /** @default 'set' */
  readonly mode?: MetaSetMode | undefined
  /** Until when the item lives (`T`). @default 0, never */
  readonly expire?: Expire | undefined
  /** Keep the expiry of the item that `ifCas` names, in place of `expire`. Takes one more round trip. @default false */
  readonly keepTtl?: boolean | undefined
  /** Client flags in place of the serde's (`F`). */
  readonly flags?: number | undefined
  /** Store only if the item still has this CAS token (`C`). */
  readonly ifCas?: CasToken | undefined
  /** With `ifCas`: store over a newer item as well, as stale, if the token is an older one (`I`). @default false */
  readonly invalidate?: boolean | undefined
  /** With mode `append` or `prepend`: make the item on a miss, with this expiry (`N`). From 1.6.20 on. */
  readonly vivify?: Expire | undefined
  /** The CAS token that the item gets (`E`). From 1.6.27 on. */
  readonly setCas?: CasToken | undefined
}

/** How `metaSet` treats an item that is there, or is not: as the client method of the name. */
export type MetaSetMode = 'set' | 'add' | 'replace' | 'append' | 'prepend'

/** Options of `metaDelete`. */
export interface MetaDeleteOptions extends CommandOptions {
  /** Delete only if the item still has this CAS token (`C`). */
  readonly ifCas?: CasToken | undefined
  /** Mark it stale and leave it there; the next meta read wins it (`I`). @default false */
  readonly invalidate?: boolean | undefined
  /** With `invalidate`: its new expiry (`T`). @default what it has */
  readonly expire?: Expire | undefined
  /** Empty its value and leave it there (`x`). From 1.6.27 on. @default false */
  readonly dropValue?: boolean | undefined
  /** The CAS token that a stale or emptied item gets (`E`). From 1.6.27 on. */
  readonly setCas?: CasToken | undefined
}

/** Options of `metaArithmetic`. */
export interface MetaArithmeticOptions extends CommandOptions, Asked<'cas' | 'ttl'> {
  /** @default 'incr' */
  readonly mode?: 'incr' | 'decr' | undefined
  /** How much to count (`D`). The answer is a number, or a bigint for a bigint. @default 1 */
  readonly delta?: number | bigint | undefined
  /** On a miss make the counter with this value, answered as it is (`J`). */
  readonly initial?: number | bigint | undefined
  /** With `initial`: the expiry of a counter made so (`N`). @default 0, never */
  readonly expire?: Expire | undefined
  /** Sets this expiry (`T`); of a counter just made, too. */
  readonly touch?: Expire | undefined
  /** Count only if the item still has this CAS token (`C`). */
  readonly ifCas?: CasToken | undefined
  /** The CAS token that the counter gets (`E`). From 1.6.27 on. */
  readonly setCas?: CasToken | undefined
}

/** Names of fields that a call may ask for: each with `true` is answered. @default false */
export type Asked<K extends keyof ItemFields<unknown>> = {
  // Mapped from the fields, so that editors show their documentation.
  readonly [name in keyof Pick<ItemFields<unknown>, K>]?: boolean | undefined
}

/** Of the fields F those that options of the type O ask for. One asked for by a `boolean` may be missing. */
export type Told<F, O> = {
  readonly [K in keyof F & keyof O as O[K] extends true ? K : never]: F[K]
} & {
  readonly [K in keyof F & keyof O as O[K] extends true
    ? never
    : true extends O[K]
      ? K
      : never]?: F[K]
}

/** Options of the type O, none of them misspelt: the compiler does not look at what it infers. */
export type Exact<O, Options> = O & { readonly [K in Exclude<keyof O, keyof Options>]: never }

/** What `metaGet` answers of an item. */
export type MetaItem<T, O> = LeaseState & Told<ItemFields<T>, O>

/** What `metaSet` answers of the item that it stored. */
export type MetaStored<O> = Told<
  {
    readonly cas: CasToken
    /** Servers before 1.6.20 do not answer it. */
    readonly size: number | undefined
  },
  O
>

/** What `metaArithmetic` answers of a counter. */
export type MetaCounter<O> = {
  /** The value that it now has. */
  readonly value: Count<O extends { readonly delta: infer N extends number | bigint } ? N : number>
} & Told<Pick<ItemFields<unknown>, 'cas' | 'ttl'>, O>

/** What `inspect` answers of an item. */
export type ItemMetadata = LeaseState & Omit<ItemFields<unknown>, 'value'>

/**
 * The meta commands of memcached, which read and change what the classic ones cannot. All of them answer `undefined`
 * when there is no such item, `false` when the condition of the call does not hold (another CAS token; for a `metaSet`
 * by mode, there or not there), else the fields that were asked for.
 *
 * A server without meta commands (memcached before 1.6.10, most proxies) rejects them, except `has` and `hasMany`,
 * with `MemcacheUnsupportedError` before anything is written.
 */
export interface MetaMethods<V> {
  /** Reads the fields of an item that are asked for. `undefined` on a miss. */
  metaGet<T = V, const O extends MetaGetOptions = MetaGetOptions>(
    key: Key,
    options: Exact<O, MetaGetOptions>,
  ): Promise<MetaItem<T, O> | undefined>
  /** Stores. */
  metaSet<const O extends MetaSetOptions = Record<never, never>>(
    key: Key,
    value: V,
    options?: Exact<O, MetaSetOptions>,
  ): Promise<MetaStored<O> | false | undefined>
  /** Deletes, or with `invalidate` marks stale: `true` done, `false` changed by someone else, `undefined` gone. */
  metaDelete(key: Key, options?: MetaDeleteOptions): Promise<boolean | undefined>
  /** Counts. @throws MemcacheCounterRangeError when a number cannot hold the new value exactly */
  metaArithmetic<const O extends MetaArithmeticOptions = Record<never, never>>(
    key: Key,
    options?: Exact<O, MetaArithmeticOptions>,
  ): Promise<MetaCounter<O> | false | undefined>

  /** Whether there is such an item, without its value. A placeholder is none. */
  has(key: Key, options?: CommandOptions): Promise<boolean>
  /** Those of the keys of which there is an item, as given. */
  hasMany<K extends Key>(
    keys: Iterable<K>,
    options?: CommandOptions,
  ): Promise<Set<K extends string ? string : ItemKey>>
  /** Everything about an item but its value. Counts neither as a read nor as use. `undefined` on a miss. */
  inspect(key: Key, options?: CommandOptions): Promise<ItemMetadata | undefined>
}
