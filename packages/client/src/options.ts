import type {
  Address,
  CommandClientOptions,
  Dialect,
  ReplyParserOptions,
  Serde,
} from '@mc/protocol'
import {
  COMMAND_CLIENT_OPTIONS,
  checkBoolean,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkOneOf,
  commandClientSettings,
  OPAQUES,
  optionNames,
} from '@mc/protocol/toolkit'
import { type NativeValue, nativeSerde } from '@mc/serde/native'
import { type Access, type AccessOptions, type AskForAccess, accessOf, reaching } from './access.ts'
import type { ServerPlace } from './tracing.ts'

/** How a `Client` reaches its server and what it puts up with. Durations are milliseconds. */
export interface ClientOptions<V = NativeValue>
  extends CommandClientOptions<V>,
    Omit<ReplyParserOptions, 'server' | 'secrets'>,
    AccessOptions {
  /**
   * For a connection to be ready: name look-up, TCP, TLS, authentication and the dialect probe.
   *
   * @default 1000
   */
  readonly connectTimeout?: number | undefined
  /**
   * The name of the server in errors, events and telemetry.
   *
   * @default its address: `host:port` or the path of a socket
   */
  readonly serverName?: string | undefined
  /** Send small packets at once. TCP only. @default true */
  readonly noDelay?: boolean | undefined
  /** TCP keep-alive: off, or milliseconds of silence before the first probe. @default 60000 */
  readonly keepAlive?: false | number | undefined
  /**
   * The wait after a failed connection attempt, in which commands reject at once: it starts at
   * `initial`, doubles with each failure in a row up to `max`, and varies by a quarter either way.
   *
   * @default { initial: 50, max: 2000 }
   */
  readonly reconnectDelay?: { readonly initial?: number; readonly max?: number } | undefined
  /**
   * `meta`, `text`, or `auto`: ask each new connection whether its server knows meta commands.
   *
   * @default 'auto'
   */
  readonly dialect?: Dialect | 'auto' | undefined
  /**
   * Most commands in flight, waiting ones included, up to 16,777,216; more reject with `MemcacheOverloadError`.
   *
   * @default 65536
   */
  readonly maxInFlight?: number | undefined
  /** Most bytes of requests in flight; of text from 16 KB on its characters count. @default 268435456 */
  readonly maxInFlightBytes?: number | undefined
}

/** The names that the constructor of `Client` takes. */
export const CLIENT_OPTIONS: ReadonlySet<string> = new Set([
  ...COMMAND_CLIENT_OPTIONS,
  ...optionNames<Omit<ClientOptions, keyof CommandClientOptions<unknown>>>({
    connectTimeout: true,
    serverName: true,
    noDelay: true,
    keepAlive: true,
    tls: true,
    username: true,
    password: true,
    auth: true,
    reconnectDelay: true,
    dialect: true,
    maxInFlight: true,
    maxInFlightBytes: true,
    maxLineLength: true,
    maxValueLength: true,
  }),
])

/** Options with their defaults, as the connection layers read them. */
export interface ConnectionSettings extends ClientSettings, Access {}

/** Those that hold for every connection of a client. */
export interface ClientSettings extends ReplyParserOptions {
  readonly access: Access | AskForAccess
  readonly maxLineLength: number
  readonly connectTimeout: number
  readonly timeout: number
  readonly noDelay: boolean
  readonly keepAlive: false | number
  readonly reconnectDelay: { readonly initial: number; readonly max: number }
  readonly dialect: Dialect | 'auto'
  readonly maxInFlight: number
  readonly maxInFlightBytes: number
}

/** A server, and how its connections are made. */
export interface ServerSettings {
  readonly address: Address
  readonly place: ServerPlace
  readonly settings: ClientSettings
}

/** @throws TypeError or RangeError for an invalid option */
export function clientSettings<V>(options: ClientOptions<V>): ClientSettings {
  const { keepAlive = 60_000, dialect = 'auto', reconnectDelay = {} } = options
  checkObject('reconnectDelay', reconnectDelay)
  return {
    connectTimeout: checkMilliseconds('connectTimeout', options.connectTimeout ?? 1000),
    timeout: checkMilliseconds('timeout', options.timeout ?? 1000),
    noDelay: checkBoolean('noDelay', options.noDelay ?? true),
    keepAlive: keepAlive === false ? false : checkMilliseconds('keepAlive', keepAlive),
    access: accessOf(options),
    reconnectDelay: {
      initial: checkMilliseconds('reconnectDelay.initial', reconnectDelay.initial ?? 50),
      max: checkMilliseconds('reconnectDelay.max', reconnectDelay.max ?? 2000),
    },
    dialect: checkOneOf('dialect', dialect, ['auto', 'meta', 'text']),
    maxLineLength: count('maxLineLength', options.maxLineLength ?? 64 * 1024),
    maxValueLength: count('maxValueLength', options.maxValueLength ?? 1024 ** 3),
    maxInFlight: count('maxInFlight', options.maxInFlight ?? 65_536, OPAQUES),
    maxInFlightBytes: count('maxInFlightBytes', options.maxInFlightBytes ?? 256 * 1024 ** 2),
  }
}

/**
 * Checks the options of clients that are made later, of this server if it is given.
 *
 * @throws MemcacheIllegalInputError, TypeError or RangeError as the constructor of `Client`
 */
export function checkClientOptions<V>(options: ClientOptions<V>, server?: Address): void {
  commandClientSettings(options, nativeSerde as unknown as Serde<V>, CLIENT_OPTIONS)
  clientSettings(server === undefined ? options : reaching(options, server))
}

function count(name: string, value: number, max?: number): number {
  return checkNumber(name, value, { integer: true, min: 1, max })
}
