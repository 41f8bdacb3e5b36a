import { MemcacheClosedError, MemcacheConnectError, type MemcacheError } from '@mc/protocol'
import { clock } from '@mc/protocol/toolkit'
import type { Access, AskForAccess } from './access.ts'
import { Backoff } from './backoff.ts'
import type { Connection } from './connection.ts'
import { outsideCalls } from './context.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import { shakeHands } from './handshake.ts'
import type { ClientSettings, ConnectionSettings } from './options.ts'
import { Step } from './peer.ts'
import { type ServerPlace, traceConnect } from './tracing.ts'

/** Makes connections to one server, one attempt at a time, and waits longer after each that fails. */
export class Dialer {
  readonly #place: ServerPlace
  readonly #settings: ClientSettings
  readonly #connect: (settings: ConnectionSettings) => Connection
  readonly #backoff: Backoff
  readonly #timer: DeadlineTimer
  #attempt: Promise<Connection> | undefined
  #opening: Connection | undefined
  #deadline = Number.POSITIVE_INFINITY
  /** The attempt got time back, which happens once: the process may stand still again and again. */
  #isForgiven = false
  #aborted: MemcacheClosedError | undefined
  /** Ends the wait for the functions that give password, user and TLS options. */
  #giveUp: ((error: MemcacheError) => void) | undefined
  #connections = 0

  /** @param connect - starts a connection */
  constructor(
    place: ServerPlace,
    settings: ClientSettings,
    connect: (settings: ConnectionSettings) => Connection,
  ) {
    this.#place = place
    this.#settings = settings
    this.#connect = connect
    this.#backoff = new Backoff(settings.reconnectDelay)
    this.#timer = new DeadlineTimer(
      (stalled) => this.#onDue(stalled),
      () => this.#opening?.heardAt ?? 0,
    )
  }

  /** How many it has made. */
  get connections(): number {
    return this.#connections
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
    this.#attempt ??= traceConnect(this.#place, this.#connections > 0, () => this.#dial())
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
    this.#aborted = error
    this.#giveUp?.(error)
    this.#opening?.destroy(error)
  }

  async #dial(): Promise<Connection> {
    this.#isForgiven = false
    this.#setDeadline(clock() + this.#settings.connectTimeout)
    try {
      const { access } = this.#settings
      const current = typeof access === 'function' ? await this.#ask(access) : access
      if (this.#aborted !== undefined) throw this.#aborted
      const secrets = current.credentials && [current.credentials.password]
      const connection = await this.#open({ ...this.#settings, ...current, secrets }, true)
      this.#connections++
      return connection
    } catch (error) {
      const failure = this.#connectError(error as MemcacheError)
      this.#opening?.destroy(failure)
      this.#backoff.failed(failure)
      throw failure
    } finally {
      this.#attempt = undefined
      this.#opening = undefined
      this.#giveUp = undefined
      this.#deadline = Number.POSITIVE_INFINITY
      this.#timer.clear()
    }
  }

  /** Rejects when the attempt is over, whatever the functions of the user do. */
  #ask(access: AskForAccess): Promise<Access> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject
      outsideCalls(() => access(this.#place.server)).then(resolve, reject)
    })
  }

  /** @param asks - whether to ask the server for its dialect */
  async #open(settings: ConnectionSettings, asks: boolean): Promise<Connection> {
    const connection = this.#connect(settings)
    this.#opening = connection
    await connection.ready
    try {
      await shakeHands(connection, settings, asks)
      // A surplus reply behind the last of the handshake ends the connection before anybody uses it.
      connection.assertOpen()
    } catch (error) {
      // Some proxies close over a command that they do not know.
      if (asks && connection.wasClosedByServer && this.#aborted === undefined) {
        return this.#open(settings, false)
      }
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
    return new MemcacheConnectError(reason, { server: this.#place.server, cause, written: false })
  }

  #setDeadline(deadline: number): void {
    this.#deadline = deadline
    this.#timer.arm(deadline)
  }

  #onDue(stalled: number): void {
    const { connectTimeout } = this.#settings
    // The process stood still: the attempt gets back the time that it could not use.
    if (stalled > 0 && !this.#isForgiven) {
      this.#isForgiven = true
      this.#setDeadline(clock() + Math.min(stalled, connectTimeout))
      return
    }
    if (clock() < this.#deadline) {
      this.#timer.arm(this.#deadline)
      return
    }
    const { step, hint } = this.#opening ?? { step: Step.access }
    const place = [step, hint].filter((text) => text !== undefined).join(': ')
    const message = `no connection within ${connectTimeout} ms (${place})`
    const error = new MemcacheConnectError(message, { server: this.#place.server, written: false })
    this.#giveUp?.(error)
    this.#opening?.destroy(error)
  }
}
