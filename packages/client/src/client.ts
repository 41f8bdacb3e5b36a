import {
  type Address,
  addressName,
  type Command,
  CommandClient,
  type CommandClientEvents,
  type CommandOptions,
  type MemcacheError,
  MemcacheServerError,
  parseAddress,
  type Serde,
  type ServerSpec,
} from '@mc/protocol'
import { Deadline, QuitCommand, showAs } from '@mc/protocol/toolkit'
import { type NativeValue, nativeSerde } from '@mc/serde'
import type { ClientState } from './client-state.ts'
import { Dispatcher } from './dispatcher.ts'
import { CLIENT_OPTIONS, type ClientOptions, connectionSettings } from './options.ts'
import { outlives } from './outlives.ts'
import { isTracing, traceCommand } from './tracing.ts'

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
    showAs(Client, ({ server, state, inFlight }) => ({ server, state, inFlight }))
  }

  /** The server's name: `host:port` or the path of a socket. */
  readonly server: string

  readonly #address: Address
  readonly #timeout: number
  readonly #dispatcher: Dispatcher

  /**
   * @param server - as in `parseAddress`: 'host', 'host:port', '[::1]:11211', '/path', ['host', 11211], …
   * @throws MemcacheIllegalInputError for an address or prefix, TypeError or RangeError for another
   *   invalid option
   */
  constructor(server: ServerSpec, options: ClientOptions<V> = {}) {
    super(options, nativeSerde as unknown as Serde<V>, undefined, CLIENT_OPTIONS)
    const address = parseAddress(server)
    this.#address = address
    this.server = addressName(address)
    const settings = connectionSettings(options)
    this.#timeout = settings.timeout
    this.#dispatcher = new Dispatcher(address, this.server, settings, {
      onConnect: (isFirst) => this.announce(isFirst ? 'connect' : 'reconnect'),
      onDisconnect: (error) => this.announce('disconnect', error),
    })
  }

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
    if (this.isConnected) await this.execute(new QuitCommand())
  }

  close(): Promise<void> {
    return this.#dispatcher.close()
  }

  /** Closes at once; commands in flight reject with `MemcacheClosedError`. */
  destroy(): void {
    this.#dispatcher.destroy()
  }

  protected dispatch(command: Command, timeout: number): void {
    if (!isTracing()) this.#dispatcher.submit(command, timeout)
    else traceCommand(command, this.server, () => this.#dispatcher.submit(command, timeout))
  }
}
