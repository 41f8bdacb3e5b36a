import { CLIENT_OPTIONS, type ClientOptions, type NativeValue } from '@mc/client'
import { type Address, KeyEncoder } from '@mc/protocol'
import {
  checkBoolean,
  checkFunction,
  checkMilliseconds,
  checkNumber,
  checkOneOf,
  clock,
  optionNames,
  pickOptions,
} from '@mc/protocol/toolkit'
import type { Hasher } from './hasher.ts'
import type { KeyHashForm } from './routing-text.ts'
import type { ServerClient } from './server.ts'
import type { DeadLimits, FailoverRules } from './server-health.ts'

/**
 * What happens to a dead server's keys. `rehash`: they move to the next servers of the hasher, and back when
 * the server returns, which may then hold older values. `none`: they stay, and calls for them reject, or miss
 * with `ignoreExc`, until the server returns.
 */
export type Failover = 'rehash' | 'none'

/** Options of `Client` that are not the caller's to give: each server has a name of its own, and all take pairs. */
const NOT_SHARED = ['serverName', 'routingKeys'] as const

type SharedOptions<V> = Omit<ClientOptions<V>, (typeof NOT_SHARED)[number]>

/**
 * Options of `HashClient`: those of `Client`, for the client that is made for each server, and its own.
 * Durations are milliseconds.
 */
export interface HashClientOptions<V = NativeValue>
  extends SharedOptions<V>,
    DeadLimits,
    Partial<FailoverRules> {
  /**
   * Makes the client of one server, in place of `new Client(server, options)`. The options of `Client` then have
   * no effect, but for `timeout`, which is passed to each call. Without `timeout` that of the client made holds,
   * and closing assumes 10 seconds. Do not set `ignoreExc` on these clients: failover would not see the errors
   * that they ignore. Set `routingKeys` on them if keys are pairs `[routingKey, key]`.
   */
  readonly createClient?: ((server: Address) => ServerClient<V>) | undefined
  /** Chooses the server of a key; the servers are added to it. @default new RendezvousHash() */
  readonly hasher?: Hasher | undefined
  /**
   * On server and network errors reads resolve to their default, or to the keys that were found, `setMany` to
   * the keys that failed, other writes to `false`, `incr` and `decr` to `undefined`. Illegal input still rejects.
   *
   * @default false
   */
  readonly ignoreExc?: boolean | undefined
  /** @default 'rehash' */
  readonly failover?: Failover | undefined
  /** How keys given as bytes are hashed. @default 'text' */
  readonly keyHashForm?: KeyHashForm | undefined
  /** Most keys that a many-key call sends to one server at once, of up to four batches in flight. @default 250 */
  readonly keysPerBatch?: number | undefined
  /** Milliseconds on a clock that never goes back, for failover. @default performance.now */
  readonly now?: (() => number) | undefined
  /** A number from 0 to 1, below 1, for jitter. @default Math.random */
  readonly random?: (() => number) | undefined
}

/** The names that the constructor of `HashClient` takes. */
export const HASH_CLIENT_OPTIONS: ReadonlySet<string> = new Set([
  ...[...CLIENT_OPTIONS].filter((name) => !(NOT_SHARED as readonly string[]).includes(name)),
  ...optionNames<Omit<HashClientOptions, Exclude<keyof ClientOptions, 'ignoreExc'>>>({
    createClient: true,
    hasher: true,
    ignoreExc: true,
    failover: true,
    keyHashForm: true,
    keysPerBatch: true,
    now: true,
    random: true,
    retryAttempts: true,
    retryTimeout: true,
    deadTimeout: true,
    maxDeadServers: true,
    maxDeadShare: true,
  }),
])

/** The options of the client of one server. */
export function serverClientOptions<V>(options: SharedOptions<V>): ClientOptions<V> {
  // What a client ignored, failover would not see; and calls are captured by the client of all servers.
  const own = { ignoreExc: false, captureStack: false, routingKeys: true }
  return { ...pickOptions(options, CLIENT_OPTIONS), ...own }
}

/** The options with their defaults; of those of `Client` only what this client goes by itself. */
export interface HashClientSettings extends FailoverRules, DeadLimits {
  readonly ignoreExc: boolean
  readonly defaultNoreply: boolean
  /** Of each call; `undefined` where clients made by `createClient` have their own. */
  readonly timeout: number | undefined
  readonly failover: Failover
  readonly keyHashForm: KeyHashForm
  readonly keysPerBatch: number
  readonly now: () => number
  readonly random: () => number
}

/** @throws TypeError or RangeError for an invalid option */
export function hashClientSettings<V>(options: HashClientOptions<V>): HashClientSettings {
  const {
    createClient,
    timeout = createClient === undefined ? 1000 : undefined,
    ignoreExc = false,
    defaultNoreply = false,
    failover = 'rehash',
    keyHashForm = 'text',
    keysPerBatch = 250,
    retryAttempts = 2,
    retryTimeout = 1000,
    deadTimeout = 60_000,
    maxDeadServers,
    maxDeadShare,
    now = clock,
    random = Math.random,
  } = options
  if (timeout !== undefined) checkMilliseconds('timeout', timeout)
  checkBoolean('ignoreExc', ignoreExc)
  checkOneOf('failover', failover, ['rehash', 'none'])
  checkOneOf('keyHashForm', keyHashForm, ['text', 'python-bytes'])
  checkNumber('keysPerBatch', keysPerBatch, { integer: true, min: 1 })
  checkNumber('retryAttempts', retryAttempts, { integer: true, min: 0 })
  const milliseconds = { min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'milliseconds' }
  checkNumber('retryTimeout', retryTimeout, milliseconds)
  checkNumber('deadTimeout', deadTimeout, milliseconds)
  if (maxDeadServers !== undefined) {
    checkNumber('maxDeadServers', maxDeadServers, { integer: true, min: 0 })
  }
  if (maxDeadShare !== undefined) checkNumber('maxDeadShare', maxDeadShare, { min: 0, max: 1 })
  for (const [name, value] of Object.entries({ createClient, now, random })) {
    checkFunction(name, value)
  }
  return {
    ...{ timeout, ignoreExc, defaultNoreply, failover, keyHashForm, keysPerBatch, now, random },
    ...{ retryAttempts, retryTimeout, deadTimeout, maxDeadServers, maxDeadShare },
  }
}

/** Of the keys that meet no client. Where `createClient` makes the clients, they may take more than this one knows. */
export function keyEncoder<V>(options: HashClientOptions<V>): KeyEncoder {
  const { createClient, keyPrefix, allowUnicodeKeys, hashKeys, binaryKeys } = options
  return new KeyEncoder({
    prefix: keyPrefix,
    allowUnicode: allowUnicodeKeys ?? createClient !== undefined,
    hash: hashKeys,
    binary: binaryKeys,
    pairs: true,
  })
}
