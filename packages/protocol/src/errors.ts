/** On the prototype of each class here: its name, whatever a minifier calls it. */
const BRAND: unique symbol = Symbol.for('mc.error')

/** What every error of the family carries besides its message. */
export interface MemcacheErrorOptions extends ErrorOptions {
  /** Name of the server, as `host:port` or a socket path. */
  readonly server?: string | undefined
  /** Name of the command, such as `get`; never its key or value. */
  readonly command?: string | undefined
  /** Whether the request had been written, so that its effect is unknown. */
  readonly written?: boolean | undefined
}

/** What `error.code` of this family's errors can be; each class has one of its own. */
export type MemcacheErrorCode =
  | 'MEMCACHE_ERROR'
  | 'MEMCACHE_CLIENT_ERROR'
  | 'MEMCACHE_ILLEGAL_INPUT'
  | 'MEMCACHE_UNKNOWN_COMMAND'
  | 'MEMCACHE_UNSUPPORTED'
  | 'MEMCACHE_SERVER_ERROR'
  | 'MEMCACHE_UNEXPECTED_CLOSE'
  | 'MEMCACHE_UNKNOWN'
  | 'MEMCACHE_CONNECT'
  | 'MEMCACHE_TIMEOUT'
  | 'MEMCACHE_OVERLOAD'
  | 'MEMCACHE_COUNTER_RANGE'
  | 'MEMCACHE_CLOSED'
  | 'MEMCACHE_SERDE'
  | 'MEMCACHE_PARTIAL'
  | 'MEMCACHE_LOAD_TIMEOUT'
  | 'MEMCACHE_DISCOVERY'

/**
 * Base of every error that this family of packages rejects with. Tell errors apart by `code` or by
 * `instanceof`: both also hold for errors of another copy of this package, and of another realm such as a
 * sandbox of jest.
 */
export class MemcacheError extends Error {
  override readonly name: string = 'MemcacheError'
  /** Says what happened, whatever the message says. Stable over versions. */
  readonly code: MemcacheErrorCode = 'MEMCACHE_ERROR'
  /** The message without the place: of an error line, what the server said. */
  readonly reason: string
  /** Name of the server, as `host:port` or a socket path. */
  readonly server: string | undefined
  /** Name of the command, such as `get`. */
  readonly command: string | undefined
  /**
   * `false`: certainly nothing of the request was written, so repeating it is safe. `true`: it was
   * written and its outcome on the server is unknown. `undefined`: the server answered, or it does not matter.
   */
  readonly written: boolean | undefined

  /** The message of the error is `message` with the command and the server of the options before it. */
  constructor(message: string, options: MemcacheErrorOptions = {}) {
    super(
      placed(message, options),
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.reason = message
    this.server = options.server
    this.command = options.command
    this.written = options.written
  }
}

/** The request was wrong: the server said `CLIENT_ERROR`, or a subclass says what. */
export class MemcacheClientError extends MemcacheError {
  override readonly name: string = 'MemcacheClientError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_CLIENT_ERROR'
}

/** Refused before anything was written: a key, value, option or number that memcached cannot take. */
export class MemcacheIllegalInputError extends MemcacheClientError {
  override readonly name: string = 'MemcacheIllegalInputError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_ILLEGAL_INPUT'
}

/** Refuses what a caller gave. @throws MemcacheIllegalInputError */
export function illegalInput(message: string): never {
  throw new MemcacheIllegalInputError(message)
}

/** The server said `ERROR`: it does not know the command, or refuses connections. */
export class MemcacheUnknownCommandError extends MemcacheClientError {
  override readonly name: string = 'MemcacheUnknownCommandError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_UNKNOWN_COMMAND'
}

/**
 * The server lacks what the call needs: it has no meta commands, or not this one. Nothing was written. memcached
 * has them from 1.6.10 on; most proxies have none.
 */
export class MemcacheUnsupportedError extends MemcacheClientError {
  override readonly name: string = 'MemcacheUnsupportedError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_UNSUPPORTED'
}

/** The server said `SERVER_ERROR`, or failed in the way that a subclass says. */
export class MemcacheServerError extends MemcacheError {
  override readonly name: string = 'MemcacheServerError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_SERVER_ERROR'
}

/** The connection ended before the reply was whole. */
export class MemcacheUnexpectedCloseError extends MemcacheServerError {
  override readonly name: string = 'MemcacheUnexpectedCloseError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_UNEXPECTED_CLOSE'
}

/** The server answered something that fits no command; its connection is given up. */
export class MemcacheUnknownError extends MemcacheError {
  override readonly name: string = 'MemcacheUnknownError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_UNKNOWN'
}

/**
 * No connection could be made: name look-up, refusal, TLS handshake or authentication failed. Of calls that come before the next
 * attempt is due, only the first 16 in a turn of the event loop have frames in the `stack` of their errors.
 */
export class MemcacheConnectError extends MemcacheError {
  override readonly name: string = 'MemcacheConnectError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_CONNECT'
}

/** The deadline passed. Whether a write took effect is unknown. */
export class MemcacheTimeoutError extends MemcacheError {
  override readonly name: string = 'MemcacheTimeoutError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_TIMEOUT'
}

/**
 * Too much is in flight already: a limit of the client or the pool is reached. Nothing was written. When a client or pool
 * refuses many calls in one turn of the event loop, only the first 16 errors have frames in their `stack`.
 */
export class MemcacheOverloadError extends MemcacheError {
  override readonly name: string = 'MemcacheOverloadError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_OVERLOAD'
}

/** A counter passed 2^53 where a `number` was asked for; ask with a `bigint` delta. The item has changed. */
export class MemcacheCounterRangeError extends MemcacheError {
  override readonly name: string = 'MemcacheCounterRangeError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_COUNTER_RANGE'
  /** The counter's exact value after the command. */
  readonly value: bigint

  /** The message names the value. */
  constructor(value: bigint, options: MemcacheErrorOptions = {}) {
    super(`the counter is ${value}, past 2^53: pass a bigint delta to get a bigint`, options)
    this.value = value
  }
}

/** The client was closed by its owner. */
export class MemcacheClosedError extends MemcacheError {
  override readonly name: string = 'MemcacheClosedError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_CLOSED'
}

/** Of a call that comes after the client was closed. @param server - its name, of a client of one server */
export function closedError(server?: string): MemcacheClosedError {
  return new MemcacheClosedError('the client is closed: make a new one', { server, written: false })
}

/** What a `MemcacheSerdeError` tells besides its message. */
export interface MemcacheSerdeErrorOptions extends MemcacheErrorOptions {
  /** The key whose value it was. */
  readonly key?: string | Uint8Array | undefined
  /** Client flags of the item. */
  readonly flags?: number | undefined
}

/** A value could not be written or read by the serde. The connection is untouched. */
export class MemcacheSerdeError extends MemcacheError {
  override readonly name: string = 'MemcacheSerdeError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_SERDE'
  /** The key whose value it was. */
  readonly key: string | Uint8Array | undefined
  /** Client flags of the item that could not be read. */
  readonly flags: number | undefined

  /** As `MemcacheError`, with the key and the flags of the item. */
  constructor(message: string, options: MemcacheSerdeErrorOptions = {}) {
    super(message, options)
    this.key = options.key
    this.flags = options.flags
  }
}

/**
 * A call failed for some of its keys, or on some of its servers. `cause` is the first failure.
 *
 * @typeParam R - what the whole call would have answered
 */
export class MemcachePartialError<R = unknown> extends MemcacheError {
  override readonly name: string = 'MemcachePartialError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_PARTIAL'
  /** What did arrive, in the form that the call answers. Not enumerable, so that logs show no values. */
  declare readonly results: R
  /** What failed, each with its error: keys as the caller gave them, or names of servers. */
  readonly failed: ReadonlyMap<string | Uint8Array, Error>

  /** The first of the errors is the `cause`, and the message counts them. */
  constructor(
    results: R,
    failed: ReadonlyMap<string | Uint8Array, Error>,
    options: MemcacheErrorOptions = {},
  ) {
    const [first] = failed.values()
    super(`${failed.size} failed, the first with: ${first?.message ?? 'no error'}`, {
      ...options,
      cause: first,
    })
    Object.defineProperty(this, 'results', { value: results })
    this.failed = failed
  }
}

/**
 * True for failures of the connection rather than of one command: refused, reset, closed, timed out,
 * or out of step. These count against a server in failover and cost a pooled client its place. A timeout in
 * which a serde was at work, which is its `cause`, is none of them.
 */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof MemcachePartialError) return isConnectionError(error.cause)
  if (error instanceof MemcacheTimeoutError) return !(error.cause instanceof MemcacheSerdeError)
  return (
    error instanceof MemcacheConnectError ||
    error instanceof MemcacheUnexpectedCloseError ||
    error instanceof MemcacheUnknownError
  )
}

/** A loader of `FetchClient` has not answered within its `loadTimeout`. */
export class MemcacheLoadTimeoutError extends MemcacheError {
  override readonly name: string = 'MemcacheLoadTimeoutError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_LOAD_TIMEOUT'
}

/**
 * Whether `ignoreExc` covers an error: what servers, the network and stored values do wrong. Misuse, the
 * reason of an abort, and a counter that did change reject in any case.
 */
export function isIgnorableError(error: unknown): boolean {
  return (
    error instanceof MemcacheError &&
    !(error instanceof MemcacheIllegalInputError) &&
    !(error instanceof MemcacheUnsupportedError) &&
    !(error instanceof MemcacheClosedError) &&
    !(error instanceof MemcacheCounterRangeError)
  )
}

function placed(message: string, { server, command }: MemcacheErrorOptions): string {
  if (server === undefined) return command === undefined ? message : `${command}: ${message}`
  return command === undefined ? `${server}: ${message}` : `${command} on ${server}: ${message}`
}

function brandOf(prototype: object): unknown {
  return (prototype as { [BRAND]?: unknown })[BRAND]
}

/** Asks for the brand where the class has one; a subclass of a user's has none. */
function hasInstance(this: { readonly prototype: object }, value: unknown): boolean {
  if (!Object.hasOwn(this.prototype, BRAND)) {
    return Function.prototype[Symbol.hasInstance].call(this as never, value)
  }
  if (typeof value !== 'object' || value === null) return false
  const brand = brandOf(this.prototype)
  try {
    for (let it = value; it !== null; it = Object.getPrototypeOf(it)) {
      if (Object.hasOwn(it, BRAND) && brandOf(it) === brand) return true
    }
  } catch {
    // A revoked proxy, for instance, is no error of ours.
  }
  return false
}

const CLASSES: Readonly<Record<string, { readonly prototype: object }>> = {
  MemcacheError,
  MemcacheClientError,
  MemcacheIllegalInputError,
  MemcacheUnknownCommandError,
  MemcacheUnsupportedError,
  MemcacheServerError,
  MemcacheUnexpectedCloseError,
  MemcacheUnknownError,
  MemcacheConnectError,
  MemcacheTimeoutError,
  MemcacheOverloadError,
  MemcacheCounterRangeError,
  MemcacheClosedError,
  MemcacheLoadTimeoutError,
  MemcacheSerdeError,
  MemcachePartialError,
}
for (const [name, { prototype }] of Object.entries(CLASSES)) {
  Object.defineProperty(prototype, BRAND, { value: name })
}
Object.defineProperty(MemcacheError, Symbol.hasInstance, { value: hasInstance })
