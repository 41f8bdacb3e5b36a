import type { LeaseMethods } from './lease-methods.ts'
import type { MetaMethods } from './meta-methods.ts'
import type { StatsOf } from './server-stats.ts'

/** A key as stored: a string, or its bytes. At most 250 bytes with the prefix. */
export type ItemKey = string | Uint8Array

/**
 * A key, or a pair of which the first part chooses the server and the second is stored. Clients of one
 * server take a pair only with the option `routingKeys`, and ignore its first part.
 */
export type Key = ItemKey | readonly [serverKey: ItemKey, key: ItemKey]

/** Seconds from now, or the moment of expiry. 0: never. A negative number: at once. */
export type Expire = number | Date

/** A CAS token: an unsigned 64-bit number as text, opaque to callers. */
export type CasToken = string

/** Options of every command. */
export interface CommandOptions {
  /**
   * Milliseconds for the whole call: queueing, connecting, an asynchronous serde, and all keys of many.
   *
   * @default the client's `timeout`
   */
  readonly timeout?: number | undefined
  /** Rejects the call with the signal's reason when it aborts. What was written stays written. */
  readonly signal?: AbortSignal | undefined
}

/** Options of reads of one key. */
export interface GetOptions<D = undefined> extends CommandOptions {
  /** Answered on a miss. @default undefined */
  readonly default?: D
}

/** Options of reads of one key that name what is answered on a miss. */
export interface DefaultTo<D> extends CommandOptions {
  /** The answer to a miss. */
  readonly default: D
}

/** Options of commands that need not be waited for. */
export interface WriteOptions extends CommandOptions {
  /**
   * Resolve as soon as the command is written. Its reply is still read in its place; an error in it
   * is reported by the client's `error` event.
   *
   * @default the client's `defaultNoreply`, false
   */
  readonly noreply?: boolean | undefined
}

/** Options of commands that store an item. */
export interface StoreOptions extends WriteOptions {
  /** @default 0, never */
  readonly expire?: Expire | undefined
  /** Client flags to store in place of the serde's, 0 to 4294967295. */
  readonly flags?: number | undefined
}

/** Options of `cas`. */
export interface CasOptions extends StoreOptions {
  /**
   * Keep the expiry of the item, to a second, in place of `expire`. Takes one more round trip, and a server with meta
   * commands.
   *
   * @default false
   */
  readonly keepTtl?: boolean | undefined
}

/** Options of `incr` and `decr`. */
export interface CounterOptions extends WriteOptions {
  /** On a miss make the counter with this value, which is answered. @default the call answers `undefined` */
  readonly initial?: number | bigint | undefined
  /** With `initial`: the expiry of a counter made so. It is not changed by later calls. @default 0, never */
  readonly expire?: Expire | undefined
}

/** Options of `deleteMany`. */
export interface DeleteManyOptions extends WriteOptions {
  /** Answer the keys that were there. @default false, the call answers true */
  readonly found?: boolean | undefined
}

/** What `deleteMany` answers to options of the type O. */
export type Deleted<O> = O extends { readonly found: true }
  ? ItemKey[]
  : O extends { readonly found?: false | undefined }
    ? true
    : true | ItemKey[]

/** Options of `flushAll`. */
export interface FlushOptions extends WriteOptions {
  /** Seconds until the flush takes effect. @default 0 */
  readonly delay?: number | undefined
}

/** A value and the token that makes `cas` succeed while nobody else has changed it. */
export interface ValueWithCas<T> {
  /** The value. */
  readonly value: T
  /** What `cas` takes. */
  readonly cas: CasToken
}

/** What a counter answers to a delta of the type N: a number, or a bigint for a bigint. */
export type Count<N extends number | bigint> = N extends bigint ? bigint : number

/** Pairs to store: a `Map`, any iterable of pairs, or a plain object. */
export type Entries<V> = Iterable<readonly [Key, V]> | Readonly<Record<string, V>>

/**
 * What every client of the family can do, so that any of them can be wrapped by any other.
 *
 * Every promise settles within the command's timeout. Bad input rejects with
 * `MemcacheIllegalInputError` before anything is written.
 *
 * @typeParam V - the values that the client's serde takes and gives
 */
export interface MemcacheClient<V = unknown>
  extends MetaMethods<V>,
    LeaseMethods<V>,
    AsyncDisposable {
  /** Bytes that are left for a key behind the client's prefix. */
  readonly maxKeyLength: number

  /** The value, or `undefined` (or `options.default`) on a miss. */
  get<T = V>(key: Key, options: DefaultTo<null>): Promise<T | null>
  get<T = V>(key: Key, options: DefaultTo<NoInfer<T>>): Promise<T>
  get<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D>
  /** The value with its CAS token. */
  gets<T = V>(key: Key, options: DefaultTo<null>): Promise<ValueWithCas<T> | null>
  gets<T = V>(key: Key, options: DefaultTo<NoInfer<ValueWithCas<T>>>): Promise<ValueWithCas<T>>
  gets<T = V, D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D>
  /**
   * The hits among the keys, each under the key as given (of a pair, its second part, which no other pair of the
   * call may have; this holds for all calls of many keys).
   *
   * @throws MemcachePartialError with the hits that did arrive when some keys failed
   */
  getMany<T = V>(keys: Iterable<Key>, options?: CommandOptions): Promise<Map<ItemKey, T>>
  /** As `getMany`, with CAS tokens. */
  getsMany<T = V>(
    keys: Iterable<Key>,
    options?: CommandOptions,
  ): Promise<Map<ItemKey, ValueWithCas<T>>>
  /** Reads and sets a new expiry. */
  gat<T = V>(key: Key, expire: Expire | undefined, options: DefaultTo<null>): Promise<T | null>
  gat<T = V>(key: Key, expire: Expire | undefined, options: DefaultTo<NoInfer<T>>): Promise<T>
  gat<T = V, D = undefined>(key: Key, expire?: Expire, options?: GetOptions<D>): Promise<T | D>
  /** Reads with the CAS token and sets a new expiry. */
  gats<T = V>(
    key: Key,
    expire: Expire | undefined,
    options: DefaultTo<null>,
  ): Promise<ValueWithCas<T> | null>
  gats<T = V>(
    key: Key,
    expire: Expire | undefined,
    options: DefaultTo<NoInfer<ValueWithCas<T>>>,
  ): Promise<ValueWithCas<T>>
  gats<T = V, D = undefined>(
    key: Key,
    expire?: Expire,
    options?: GetOptions<D>,
  ): Promise<ValueWithCas<T> | D>

  /**
   * Stores in any case. `false` when the server did not store it.
   *
   * Bytes are not copied at once: leave a `Uint8Array` alone until the call settles, or what is stored may
   * be what you changed it to. After a timeout or an abort it may still be on its way.
   */
  set(key: Key, value: V, options?: StoreOptions): Promise<boolean>
  /** Stores all pairs; answers the keys that were not stored. Of a key that comes twice the last value counts. */
  setMany(entries: Entries<V>, options?: StoreOptions): Promise<ItemKey[]>
  /** Stores if there is no such item; `false` if there is. */
  add(key: Key, value: V, options?: StoreOptions): Promise<boolean>
  /** Stores if there is such an item; `false` if not. */
  replace(key: Key, value: V, options?: StoreOptions): Promise<boolean>
  /** Adds bytes behind those of the item; its flags and expiry stay. `false` if there is none. */
  append(key: Key, value: V, options?: StoreOptions): Promise<boolean>
  /** Adds bytes before those of the item; its flags and expiry stay. `false` if there is none. */
  prepend(key: Key, value: V, options?: StoreOptions): Promise<boolean>
  /**
   * Stores if nobody has changed the item since `cas` was read: `true` stored, `false` changed by
   * someone else, `undefined` gone.
   */
  cas(key: Key, value: V, cas: CasToken, options?: CasOptions): Promise<boolean | undefined>

  /**
   * Adds to a decimal counter of 64 bits, which wraps at 2^64. A `number` delta answers a number, a
   * `bigint` delta a bigint; `undefined` if there is no such item or with `noreply`.
   *
   * Never count with a value of nothing but white space: memcached reads on behind it, and may answer
   * with digits that an earlier item left in its memory.
   *
   * @throws MemcacheCounterRangeError when a number cannot hold the new value exactly
   */
  incr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined>
  /** As `incr`, down to 0 at the least. */
  decr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CounterOptions,
  ): Promise<Count<N> | undefined>

  /** Sets a new expiry; `false` if there is no such item. */
  touch(key: Key, expire?: Expire, options?: WriteOptions): Promise<boolean>
  /** `false` if there was no such item. */
  delete(key: Key, options?: WriteOptions): Promise<boolean>
  /** Deletes all of them, whether they were there or not; with `found` answers the keys that were. */
  deleteMany<const O extends DeleteManyOptions = WriteOptions>(
    keys: Iterable<Key>,
    options?: O,
  ): Promise<Deleted<O>>
  /** Empties every server of the client. */
  flushAll(options?: FlushOptions): Promise<boolean>

  /** Says `quit` and lets the connections go; the next command opens new ones. */
  quit(): Promise<void>
  /** Lets what is in flight finish, then closes for good. Later commands reject with `MemcacheClosedError`. */
  close(): Promise<void>
}

/** A statistic, by what its text looks like; integers past 2^53 are bigint. */
export type StatValue = string | number | bigint | boolean

/** Statistics by name; the object has no prototype. */
export type Stats = Readonly<Record<string, StatValue>>

/** Options of `rawCommand`. */
export interface RawCommandOptions extends CommandOptions {
  /** The bytes that end the reply. @default '\r\n' */
  readonly endToken?: string | Uint8Array | undefined
}

/** Commands that speak to one server, beside those of `MemcacheClient`. */
export interface ServerCommands {
  /** Statistics; arguments as in `stats('items')`, `stats('cachedump', '1', '10')`, `stats('reset')`. */
  stats<const A extends readonly string[]>(...args: A): Promise<StatsOf<A>>
  /** The server's version, such as `1.6.18`. */
  version(options?: CommandOptions): Promise<string>
  /** Sets the verbosity of the server's log. */
  verbosity(level: number, options?: WriteOptions): Promise<true>
  /** Sets the memory limit in megabytes. */
  cacheMemlimit(megabytes: number, options?: WriteOptions): Promise<true>
  /** Asks the server to stop. Servers allow it only when started with `-A`. */
  shutdown(options?: CommandOptions & { readonly graceful?: boolean | undefined }): Promise<void>
  /**
   * Sends a line as it is and answers all bytes before the end token.
   *
   * @throws MemcacheClientError, MemcacheServerError or MemcacheUnknownCommandError when the reply is an error line
   */
  rawCommand(command: string | Uint8Array, options?: RawCommandOptions): Promise<Buffer>
}
