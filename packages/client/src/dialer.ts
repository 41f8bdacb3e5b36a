import { performance } from 'node:perf_hooks'
import { MemcacheClosedError, MemcacheConnectError, type MemcacheError } from '@mc/protocol'
import { Backoff } from './backoff.ts'
import type { Connection } from './connection.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import { shakeHands } from './handshake.ts'
import type { ConnectionSettings } from './options.ts'
import { traceConnect } from './tracing.ts'

/** Makes connections to one server, one attempt at a time, and waits longer after each that fails. */
export class Dialer {
  readonly #server: string
  readonly #settings: ConnectionSettings
  readonly #connect: () => Connection
  readonly #backoff: Backoff
  readonly #timer: DeadlineTimer
  #attempt: Promise<Connection> | undefined
  #opening: Connection | undefined
  #deadline = Number.POSITIVE_INFINITY
  #isAborted = false

  /** @param connect - starts a connection */
  constructor(server: string, settings: ConnectionSettings, connect: () => Connection) {
    this.#server = server
    this.#settings = settings
    this.#connect = connect
    this.#backoff = new Backoff(settings.reconnectDelay)
    this.#timer = new DeadlineTimer(
      (stalled) => this.#onDue(stalled),
      () => this.#opening?.heardAt ?? 0,
    )
  }

  get isDialing(): boolean {
    return this.#attempt !== undefined
  }

  /** When the attempt ends at the latest, on the clock of `performance.now()`; `Infinity` without one. */
  get deadline(): number {
    return this.#deadline
  }

  /** The last failure, while no attempt may begin because of it. */
  get failure(): MemcacheError | undefined {
    return this.#backoff.failure
  }

  /** The attempt that is on, or a new one. Rejects with `MemcacheConnectError` or `MemcacheClosedError`. */
  dial(): Promise<Connection> {
    this.#attempt ??= this.#traced()
    return this.#attempt
  }

  /** The connection was of use. */
  succeeded(): void {
    this.#backoff.succeeded()
  }

  /** The connection ended before it was of use. */
  failed(error: MemcacheError): void {
    this.#backoff.failed(error)
  }

  /** Ends the attempt that is on; no other may begin. */
  abort(error: MemcacheClosedError): void {
    this.#isAborted = true
    this.#opening?.destroy(error)
  }

  async #traced(): Promise<Connection> {
    let made: Connection | undefined
    await traceConnect(this.#server, async () => {
      made = await this.#dial()
    })
    return made as Connection
  }

  async #dial(): Promise<Connection> {
    this.#setDeadline(performance.now() + this.#settings.connectTimeout)
    try {
      return await this.#open(true)
    } catch (error) {
      const failure = this.#connectError(error as MemcacheError)
      this.#opening?.destroy(failure)
      this.#backoff.failed(failure)
      throw failure
    } finally {
      this.#attempt = undefined
      this.#opening = undefined
      this.#deadline = Number.POSITIVE_INFINITY
      this.#timer.clear()
    }
  }

  /** @param asks - whether to ask the server for its dialect */
  async #open(asks: boolean): Promise<Connection> {
    const connection = this.#connect()
    this.#opening = connection
    await connection.ready
    try {
      await shakeHands(connection, this.#settings, asks)
      // A surplus reply behind the last of the handshake ends the connection before anybody uses it.
      connection.assertOpen()
    } catch (error) {
      // Some proxies close over a command that they do not know.
      if (asks && connection.wasClosedByServer && !this.#isAborted) return this.#open(false)
      throw error
    }
    return connection
  }

  #connectError(cause: MemcacheError): MemcacheError {
    if (cause instanceof MemcacheConnectError || cause instanceof MemcacheClosedError) return cause
    // What the attempt was given up for, rather than what that did to a question of the handshake.
    if (cause.cause instanceof MemcacheConnectError) return cause.cause
    const hint = this.#opening?.hint
    const reason = hint === undefined ? cause.reason : `${cause.reason}: ${hint}`
    return new MemcacheConnectError(reason, { server: this.#server, cause, written: false })
  }

  #setDeadline(deadline: number): void {
    this.#deadline = deadline
    this.#timer.arm(deadline)
  }

  #onDue(stalled: number): void {
    const { connectTimeout } = this.#settings
    // The process stood still: the attempt gets back the time that it could not use.
    if (stalled > 0) {
      this.#setDeadline(performance.now() + Math.min(stalled, connectTimeout))
      return
    }
    if (performance.now() < this.#deadline) {
      this.#timer.arm(this.#deadline)
      return
    }
    const { step, hint } = this.#opening ?? {}
    const place = [step, hint].filter((text) => text !== undefined).join(': ')
    const message = `no connection within ${connectTimeout} ms (${place})`
    this.#opening?.destroy(
      new MemcacheConnectError(message, { server: this.#server, written: false }),
    )
  }
}
