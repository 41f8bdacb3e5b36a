import {
  type Address,
  addressName,
  type Command,
  CommandClient,
  type CommandClientEvents,
  type CommandOptions,
  type MemcacheError,
  MemcacheServerError,
  type MetadumpItem,
  parseAddress,
  type Serde,
  type ServerSpec,
  type WatchEvent,
  type WatchTopic,
} from '@mc/protocol'
import {
  checkEventNames,
  Deadline,
  QuitCommand,
  serverNameOf,
  showAs,
  traceMethods,
} from '@mc/protocol/toolkit'
import { type NativeValue, nativeSerde } from '@mc/serde/native'
import { reaching } from './access.ts'
import type { ClientState } from './client-state.ts'
import { Dispatcher } from './dispatcher.ts'
import { CLIENT_OPTIONS, type ClientOptions, clientSettings } from './options.ts'
import { outlives } from './outlives.ts'
import { type MetadumpOptions, Streams, type WatchOptions } from './streams.ts'
import { type ServerPlace, traceRequest, tracesRequests } from './tracing.ts'

export type { ClientState, NativeValue }

/** Events of a `Client`. None of them needs a listener. */
export interface ClientEvents extends CommandClientEvents {
  /** The first connection is ready. */
  connect: []
  /** A later connection is ready. */
  reconnect: []
  /** The connection is gone; the next command opens another. */
  disconnect: [error: MemcacheError]
}

/**
 * A client of one memcached server, over one connection on which all commands are pipelined.
 *
 * Nothing is connected until the first command or `connect()`. A lost connection is replaced when the
 * next command needs it; after a failed attempt commands reject at once until the wait is over. An idle
 * client does not keep the process alive.
 *
 * @typeParam V - the values that its serde takes and gives
 */
export class Client<V = NativeValue> extends CommandClient<V, ClientEvents> {
  static {
    showAs(Client, ({ server, state, inFlight, lastError }) => ({
      ...{ server, state, inFlight },
      ...(lastError !== undefined && { lastError }),
    }))
    traceMethods(Client.prototype)
    checkEventNames<ClientEvents>(Client, {
      ...{ connect: true, reconnect: true, disconnect: true, error: true },
    })
  }

  /** The server's name: `host:port` or the path of a socket, unless `serverName` is another. */
  readonly server: string

  readonly #address: Address
  readonly #place: ServerPlace
  readonly #timeout: number
  readonly #dispatcher: Dispatcher
  readonly #streams: Streams

  /**
   * @param server - as in `parseAddress`: 'host', 'host:port', '[::1]:11211', '/path', ['host', 11211],
   *   'memcached://user:password@host:11211', …
   * @throws MemcacheIllegalInputError for an address or prefix, TypeError or RangeError for another
   *   invalid option
   */
  constructor(server: ServerSpec, options: ClientOptions<V> = {}) {
    super(options, nativeSerde as unknown as Serde<V>, undefined, CLIENT_OPTIONS)
    const address = parseAddress(server)
    this.#address = address
    this.server = serverNameOf(address, options.serverName)
    this.#place = { server: this.server, address: addressName(address) }
    const settings = clientSettings(reaching(options, address))
    this.#timeout = settings.timeout
    const to = { address, place: this.#place, settings }
    this.#streams = new Streams(to)
    this.#dispatcher = new Dispatcher(to, {
      onConnect: (isFirst) => this.announce(isFirst ? 'connect' : 'reconnect'),
      onDisconnect: (error) => this.announce('disconnect', error),
    })
  }

  /** What the connection does: `waiting` is the time after a failed attempt, in which calls reject at once. */
  get state(): ClientState {
    return this.#dispatcher.state
  }

  /** Whether a connection is ready. */
  get isConnected(): boolean {
    return this.#dispatcher.isConnected
  }

  /** Commands in flight, those included whose callers gave up and whose late replies are awaited. */
  get inFlight(): number {
    return this.#dispatcher.inFlight
  }

  /** Connects now rather than at the first command. @throws MemcacheConnectError */
  connect(): Promise<void> {
    return this.#dispatcher.connect()
  }

  /** As in `ServerCommands`. @throws MemcacheServerError if the connection ended and the server is still there */
  override async shutdown(
    options?: CommandOptions & { readonly graceful?: boolean | undefined },
  ): Promise<void> {
    const deadline = new Deadline(options?.timeout ?? this.#timeout, options?.signal)
    await super.shutdown(options)
    // A proxy that does not know the command closes the connection as well.
    if (await outlives(this.#address, deadline)) {
      const place = { server: this.server, command: 'shutdown', written: true }
      throw new MemcacheServerError('the connection ended, but the server is still there', place)
    }
  }

  async quit(): Promise<void> {
    if (this.isConnected) await this.runner.run(new QuitCommand(), undefined)
  }

  /**
   * What the server says of each of its items, by `lru_crawler metadump`, as a stream: the server goes on only as
   * fast as it is read. On a connection of its own, which opens at the first read and closes at the end, with
   * `break`, or when the client closes. Keys are those of the server, whatever `keyPrefix` is. The server makes
   * one dump at a time.
   *
   * ```ts
   * for await (const { key, size, expires } of client.metadump()) console.log(key, size, expires)
   * ```
   *
   * Reads reject with MemcacheServerError while the server is busy with another dump,
   * MemcacheUnknownCommandError where there are none, MemcacheTimeoutError, MemcacheConnectError,
   * MemcacheUnexpectedCloseError.
   *
   * @throws TypeError or RangeError for an invalid option
   */
  metadump(options?: MetadumpOptions): AsyncIterableIterator<MetadumpItem> & AsyncDisposable {
    return this.#streams.metadump(options)
  }

  /**
   * What happens on the server, by `watch`, as a stream without end; on a connection of its own as in
   * `metadump`. What is not read in time the server drops, and says how much by an event `skipped`.
   *
   * ```ts
   * for await (const event of client.watch('evictions')) console.log(event)
   * ```
   *
   * @throws TypeError for an invalid topic or option
   */
  watch(
    topics: WatchTopic | readonly WatchTopic[],
    options?: WatchOptions,
  ): AsyncIterableIterator<WatchEvent> & AsyncDisposable {
    return this.#streams.watch(topics, options)
  }

  close(): Promise<void> {
    this.#streams.close()
    return this.#dispatcher.close()
  }

  /** Closes at once; commands in flight reject with `MemcacheClosedError`. */
  destroy(): void {
    this.#streams.close()
    this.#dispatcher.destroy()
  }

  protected dispatch(command: Command, timeout: number): void {
    if (!tracesRequests()) this.#dispatcher.submit(command, timeout)
    else traceRequest(command, this.#place, () => this.#dispatcher.submit(command, timeout))
  }
}
