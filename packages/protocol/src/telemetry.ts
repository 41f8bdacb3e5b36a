/**
 * What subscribers of the tracing channel `mc:command` get about each call that a user makes on a client, whether
 * anything is sent or not. It has no key and no value, but the message of a `MemcacheSerdeError` names its key.
 *
 * Times: `start` and `end` around the call, `asyncStart` and `asyncEnd` when it settles, `error` before
 * them if it failed, or if `ignoreExc` covered its error.
 */
export interface CommandTrace {
  /** The method, such as `getMany`. */
  readonly command: string
  /**
   * The name of the server, as in errors and `servers`. Of a call of one key on a `HashClient` it is known from `end` on,
   * unless the call waits. `undefined` where no server was chosen, and for a call to several.
   */
  server: string | undefined
  /** How many keys a call of many keys was given; `undefined` for others. */
  keys: number | undefined
  /** How many keys a read found; `undefined` until it settles, for other calls, and if none of them has an answer. */
  hits: number | undefined
  /** How many keys a read found to be absent; `undefined` as `hits`. Keys that failed are in neither. */
  misses: number | undefined
  /** What it failed with; if that was in part, the first failure. */
  error?: unknown
  /** Whether `ignoreExc` covered the error, so that the call has an answer. */
  isIgnored: boolean
}

/**
 * What subscribers of the tracing channel `mc:request` get about each command that a `Client` sends or refuses, also for
 * other clients: a call may take none, one or many. Times as of `CommandTrace`.
 */
export interface RequestTrace {
  /** The command's word, such as `get`. */
  readonly command: string
  /** The name of the server, as in errors and `servers`. */
  readonly server: string
  /** Where the client connects: `host:port` or the path of a socket. */
  readonly address: string
  /** How many keys a command of many keys reads or writes; `undefined` for others. */
  readonly keys: number | undefined
  /** How many keys a read found, when it settles; `undefined` for other commands. */
  hits: number | undefined
  /** What it failed with. */
  error?: unknown
}

/** What subscribers of the tracing channel `mc:connect` get about each attempt to connect. */
export interface ConnectTrace {
  /** The name of the server. */
  readonly server: string
  /** Where the client connects: `host:port` or the path of a socket. */
  readonly address: string
  /** Whether the client had a connection before. */
  readonly isReconnect: boolean
  /** What it failed with. */
  error?: unknown
}

/** What subscribers of the channel `mc:disconnect` get about each connection that has ended. */
export interface DisconnectEvent {
  /** The name of the server. */
  readonly server: string
  /** Where the client connects: `host:port` or the path of a socket. */
  readonly address: string
  /** Why it ended. */
  readonly error: unknown
}

/** What subscribers of the tracing channel `mc:acquire` get about each call that asks a pool for a client. */
export interface AcquireTrace {
  /** The name of the server; `undefined` for an `ObjectPool` without a name. */
  readonly server: string | undefined
  /** Whether all were lent when it asked. */
  readonly hasWaited: boolean
  /** What it failed with. */
  error?: unknown
}

/** What subscribers of the channel `mc:pool` get when the figures of a pool have changed. */
export interface PoolEvent {
  /** The pool: the same object in all of its events. */
  readonly pool: object
  /** The name of the server; `undefined` for an `ObjectPool` without a name. */
  readonly server: string | undefined
  /** Clients that exist. A pool of which none exists and for which nobody waits may be forgotten. */
  readonly size: number
  /** Clients that are lent. */
  readonly inUse: number
  /** Calls that wait for a client. */
  readonly waiting: number
}

/** What subscribers of the channel `mc:server` get of what happens to the servers of a `HashClient`. */
export interface ServerEvent {
  /** The same object in all events of one client. */
  readonly client: object
  /** The event of the `HashClient`, such as `dead`; `removed` for each of its servers also when it closes. */
  readonly event: 'failing' | 'dead' | 'alive' | 'added' | 'removed' | 'replaced' | 'error'
  /** The name of the server; of an `error` of discovery, that of the source. */
  readonly server: string
  /** What the server or the source failed with; `undefined` for other events. */
  readonly error: Error | undefined
}

/** The tracing channels of `node:diagnostics_channel`, with what each publishes. `@mc/fetch` has two more. */
export interface TracingChannels {
  /** Calls that a user makes on a client. */
  'mc:command': CommandTrace
  /** Commands that a `Client` sends. */
  'mc:request': RequestTrace
  /** Attempts to connect. */
  'mc:connect': ConnectTrace
  /** Calls that ask a pool for a client. */
  'mc:acquire': AcquireTrace
}

/** The channels of `node:diagnostics_channel` for what has no duration. */
export interface EventChannels {
  /** Connections that have ended. */
  'mc:disconnect': DisconnectEvent
  /** Pools whose figures have changed. */
  'mc:pool': PoolEvent
  /** What happens to the servers of a `HashClient`. */
  'mc:server': ServerEvent
}
