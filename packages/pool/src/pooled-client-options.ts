import {
  CLIENT_OPTIONS,
  Client,
  type ClientOptions,
  checkClientOptions,
  type NativeValue,
} from '@mc/client'
import type { Address, MemcacheClient, ServerCommands, ServerSpec } from '@mc/protocol'
import {
  checkBoolean,
  checkFunction,
  checkMilliseconds,
  checkOptionNames,
  optionNames,
  pickOptions,
} from '@mc/protocol/toolkit'
import { type ResolvedLimits, resolveLimits } from './limits.ts'

/** A client that can be pooled. The optional methods are used where there are any. */
export interface PoolableClient<V> extends MemcacheClient<V>, ServerCommands {
  /** Connects now; where it is missing, the first call connects. */
  connect?(): Promise<void>
  /** Whether a connection is ready. */
  readonly isConnected?: boolean | undefined
  /** Commands in flight, also those whose callers gave up. */
  readonly inFlight?: number | undefined
  /** Closes at once. */
  destroy?(): void
}

type CreateClient<V, C> = (server: ServerSpec, options: ClientOptions<V>) => C

/**
 * Options of a `PooledClient`: those of `Client`, for each of its clients, and the limits of the pool.
 * Times are milliseconds.
 */
export interface PooledClientOptions<V, C> extends ClientOptions<V> {
  /**
   * Makes a client of the pool.
   *
   * @param options - those of `Client` that the pool was given, without `ignoreExc`
   * @default (server, options) => new Client(server, options)
   */
  readonly createClient?: CreateClient<V, C> | undefined
  /** Clients, and so connections, that may exist at one time. @default 8 */
  readonly maxPoolSize?: number | undefined
  /** Clients to keep when idle; `connect()` connects as many, and at least one. @default 0 */
  readonly minPoolSize?: number | undefined
  /** How long a client may be idle; 0: for ever. @default 60000 */
  readonly poolIdleTimeout?: number | undefined
  /** How old a client may be. Makes load follow DNS and load balancers. @default Infinity */
  readonly maxConnectionAge?: number | undefined
  /** Part of `maxConnectionAge`, 0 to 1, by which it is shortened at random. @default 0.1 */
  readonly maxConnectionAgeJitter?: number | undefined
  /**
   * How long a call waits for a client, at most: the wait is part of the call's `timeout`, which may end
   * it earlier.
   *
   * @default 1000
   */
  readonly acquireTimeout?: number | undefined
  /** Calls that may wait for a client at one time. @default 10000 */
  readonly maxWaiting?: number | undefined
  /**
   * How long `drain` and `close` wait for calls and for functions of `use`. Then `close` closes clients
   * that are still lent. `Infinity`: as long as it takes.
   *
   * @default 10000
   */
  readonly drainTimeout?: number | undefined
}

/** The names that the constructor of `PooledClient` takes. */
export const POOLED_CLIENT_OPTIONS: ReadonlySet<string> = new Set([
  ...CLIENT_OPTIONS,
  ...optionNames<Omit<PooledClientOptions<unknown, unknown>, keyof ClientOptions>>({
    createClient: true,
    maxPoolSize: true,
    minPoolSize: true,
    poolIdleTimeout: true,
    maxConnectionAge: true,
    maxConnectionAgeJitter: true,
    acquireTimeout: true,
    maxWaiting: true,
    drainTimeout: true,
  }),
])

/** What the limits of the pool are called among the options. */
const LIMIT_NAMES = {
  maxSize: 'maxPoolSize',
  minSize: 'minPoolSize',
  idleTimeout: 'poolIdleTimeout',
  maxAge: 'maxConnectionAge',
  maxAgeJitter: 'maxConnectionAgeJitter',
} as const

/** The options with their defaults. */
export interface PooledClientSettings<V, C> {
  readonly createClient: CreateClient<V, C>
  /** Of each client. Errors are ignored, and calls captured, by the pool. */
  readonly clientOptions: ClientOptions<V>
  readonly limits: ResolvedLimits
  readonly timeout: number
  readonly connectTimeout: number
  readonly ignoreExc: boolean
  readonly captureStack: boolean
}

/** @throws MemcacheIllegalInputError for a prefix, TypeError or RangeError for another invalid option */
export function pooledClientSettings<V, C>(
  options: PooledClientOptions<V, C>,
  server: Address,
): PooledClientSettings<V, C> {
  checkOptionNames(options, POOLED_CLIENT_OPTIONS)
  const { createClient, acquireTimeout, maxWaiting, drainTimeout } = options
  const given: ClientOptions<V> = pickOptions(options, CLIENT_OPTIONS)
  const { ignoreExc = false, captureStack = false, ...clientOptions } = given
  checkFunction('createClient', createClient)
  if (createClient === undefined) checkClientOptions(clientOptions, server)
  const renamed = Object.entries(LIMIT_NAMES).map(([limit, name]) => [limit, options[name]])
  const limits = { ...Object.fromEntries(renamed), acquireTimeout, maxWaiting, drainTimeout }
  return {
    createClient: createClient ?? (newClient as unknown as CreateClient<V, C>),
    clientOptions,
    limits: resolveLimits(limits, LIMIT_NAMES),
    timeout: checkMilliseconds('timeout', options.timeout ?? 1000),
    connectTimeout: checkMilliseconds('connectTimeout', options.connectTimeout ?? 1000),
    ignoreExc: checkBoolean('ignoreExc', ignoreExc),
    captureStack: checkBoolean('captureStack', captureStack),
  }
}

function newClient(server: ServerSpec, options: ClientOptions): Client {
  return new Client(server, options as ClientOptions<NativeValue>)
}

/** Events of a `PooledClient`. None of them needs a listener. */
export interface PooledClientEvents<C> {
  /** A client was made. */
  create: [client: C]
  /** A client has left the pool and is being closed. */
  destroy: [client: C]
  /** Something failed that no caller waits for, such as a write with `noreply`. */
  error: [error: unknown]
}
