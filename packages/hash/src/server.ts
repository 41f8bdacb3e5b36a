import type { Client } from '@mc/client'
import {
  type CommandTrace,
  type MemcacheClient,
  MemcacheConnectError,
  MemcacheError,
  MemcacheOverloadError,
  MemcacheTimeoutError,
  type ServerCommands,
  type Stats,
} from '@mc/protocol'
import { type Deadline, messageOf, partOf } from '@mc/protocol/toolkit'
import { connectionFailure } from './failure.ts'
import type { ServerHealth, ServerState } from './server-health.ts'

/** What a `HashClient` needs of the client of one server: any `MemcacheClient`, and what it adds, if it has it. */
export type ServerClient<V = unknown> = MemcacheClient<V> &
  Partial<Pick<ServerCommands, 'version'>> &
  Partial<Pick<Client, 'metadump' | 'watch'>> & {
    stats?(...args: readonly string[]): Promise<Stats>
    connect?(): Promise<void>
  }

/** The client of a server, or what makes it at the first command: thousands of servers need no client until then. */
export type PreparedClient<V> = ServerClient<V> | (() => ServerClient<V>)

/** The answer for a client of a server that lacks an optional method. */
export function lacking(method: string): Promise<never> {
  return Promise.reject(new MemcacheError(`this server’s client has no ${method}`))
}

/** What the outcome of a command says about the server. */
interface Evidence {
  /** False for a write that nobody waits for: its success does not show that the server is well. */
  readonly isAwaited: boolean
  /** It has but the rest of a call's time: that this was too short says nothing about the server. */
  readonly isShort?: boolean
}

/** A command for one server. */
export interface ServerCall<V, T, O> extends Evidence {
  /** Its name, which errors have. */
  readonly name: string
  readonly send: (client: ServerClient<V>, options: O) => Promise<T>
  /** Of the call of one key that it is, if anybody listens. */
  readonly trace?: CommandTrace | undefined
}

/** A server of a `HashClient` as it is at the moment. */
export interface ServerStatus {
  /** `host:port`, an IPv6 host without brackets, or the path of a socket. */
  readonly name: string
  /** Whether calls go to the server: see `ServerState`. */
  readonly state: ServerState
  /** Connection failures in a row. */
  readonly failures: number
  /** The last of them. */
  readonly lastError: Error | undefined
  /** Commands in flight; each batch of a many-key call is one. */
  readonly inFlight: number
  /** When a dead server is probed next, in milliseconds on the client's clock. */
  readonly deadUntil: number | undefined
}

/** Asked for where a client has no `version`. */
const PROBE_KEY = 'mc-probe'

/** What follows the end of a call. */
interface Reactions {
  /** The round of the server's health in which the call began. */
  readonly round: number
  readonly onAnswer: <T>(answer: T) => T
  readonly onError: (error: unknown) => never
}

/** What a `Server` is made of. */
export interface ServerParts<V> {
  readonly name: string
  readonly client: PreparedClient<V>
  readonly health: ServerHealth
  readonly now: () => number
  /** Receives the failures of the connection, and the round of `health` in which their calls began. */
  readonly onFailure: (error: Error, round: number) => void
}

/** One of many servers: its client, the health that decides whether calls go out, and the calls in flight. */
export class Server<V> {
  readonly name: string
  readonly health: ServerHealth
  readonly #prepared: PreparedClient<V>
  readonly #now: () => number
  readonly #onFailure: (error: Error, round: number) => void
  #client: ServerClient<V> | undefined
  /** Those of an awaited call that has all of its time. */
  #usual: Reactions | undefined
  #inFlight = 0
  #holders = 0
  #onIdle: (() => void) | undefined

  constructor({ name, client, health, now, onFailure }: ServerParts<V>) {
    this.name = name
    this.#prepared = client
    this.#client = typeof client === 'function' ? undefined : client
    this.health = health
    this.#now = now
    this.#onFailure = onFailure
  }

  get client(): ServerClient<V> {
    if (this.#client === undefined) {
      const prepared = this.#prepared
      this.#client = typeof prepared === 'function' ? prepared() : prepared
    }
    return this.#client
  }

  get status(): ServerStatus {
    const { state, failures, lastError, deadUntil } = this.health
    return { name: this.name, state, failures, lastError, inFlight: this.#inFlight, deadUntil }
  }

  // Not async: it sits on the hot path.
  /** Runs a command, or refuses it while the server is to be left alone. */
  run<T, O>(command: ServerCall<V, T, O>, options: O): Promise<T> {
    const { health } = this
    const { trace } = command
    if (trace !== undefined) trace.server = this.name
    if (health.state !== 'healthy') {
      const cause = health.refusal(this.#now())
      if (cause !== undefined) return Promise.reject(this.#refusal(command.name, cause))
    }
    const { onAnswer, onError } = this.#reactionsTo(command)
    this.#inFlight++
    let work: Promise<T>
    try {
      work = partOf(command.send)(this.client, options)
    } catch (error) {
      work = Promise.reject(error)
    }
    return Promise.resolve(work).then(onAnswer, onError)
  }

  /** For a call that begins now. Nearly all calls share them: to make them for each took 2 % of the CPU of a get. */
  #reactionsTo({ isAwaited, isShort = false }: Evidence): Reactions {
    const { round } = this.health
    if (!isAwaited || isShort) return this.#reactions(round, isAwaited, isShort)
    if (this.#usual?.round !== round) this.#usual = this.#reactions(round, true, false)
    return this.#usual
  }

  #reactions(round: number, isAwaited: boolean, isShort: boolean): Reactions {
    return {
      round,
      onAnswer: (answer) => {
        if (isAwaited) this.health.succeeded()
        this.#ended()
        return answer
      },
      onError: (error) => {
        const failure = connectionFailure(error)
        const isOwn = isShort && failure instanceof MemcacheTimeoutError
        if (failure !== undefined && !isOwn) this.#onFailure(failure, round)
        this.#ended()
        throw error
      },
    }
  }

  #ended(): void {
    this.#inFlight--
    this.#checkIdle()
  }

  /** Keeps the client open until the work is done, which may run further commands. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#holders++
    try {
      return await work()
    } finally {
      this.#holders--
      this.#checkIdle()
    }
  }

  /**
   * Looks whether the server answers, whatever its health. Any answer will do, an error too: what is
   * stored under a key, or whether keys have room behind a prefix, says nothing about the server.
   *
   * @throws what shows no life: a failed connection, or a client too busy to ask
   */
  async probe(deadline: Deadline): Promise<void> {
    const { client } = this
    const options = { timeout: Math.max(1, deadline.left) }
    const ask = partOf(
      async (): Promise<unknown> => client.version?.(options) ?? client.get(PROBE_KEY, options),
    )
    try {
      await deadline.bound(this.hold(ask))
    } catch (error) {
      if (connectionFailure(error) !== undefined || error instanceof MemcacheOverloadError)
        throw error
    }
  }

  /**
   * Lets calls in flight finish, then closes the client; at the deadline in any case. Call it once.
   *
   * @throws MemcacheTimeoutError when the client has not closed by then, or what its `close` throws
   */
  async retire(deadline: Deadline): Promise<void> {
    if (!this.#isIdle) {
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
      await deadline.bound(idle).catch(() => {})
    }
    // What was never used need not be closed.
    if (this.#client !== undefined) await deadline.bound(this.#client.close())
  }

  async quit(deadline: Deadline): Promise<void> {
    if (this.#client !== undefined) await deadline.bound(this.#client.quit())
  }

  /** Of one call: what the caller does with it, no other sees. */
  #refusal(command: string, cause: Error): MemcacheConnectError {
    const reason = cause instanceof MemcacheError ? cause.reason : messageOf(cause)
    const place = { server: this.name, command, cause, written: false }
    return new MemcacheConnectError(`not sent, as the server has failed: ${reason}`, place)
  }

  get #isIdle(): boolean {
    return this.#inFlight === 0 && this.#holders === 0
  }

  #checkIdle(): void {
    if (this.#isIdle) this.#onIdle?.()
  }
}
