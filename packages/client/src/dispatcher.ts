import { setImmediate } from 'node:timers'
import { type Command, type MemcacheError, MemcacheTimeoutError } from '@mc/protocol'
import { clock } from '@mc/protocol/toolkit'
import type { ClientState, DispatcherListener } from './client-state.ts'
import { Connection } from './connection.ts'
import { outsideCalls } from './context.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import { Dialer } from './dialer.ts'
import { Failures } from './failures.ts'
import { ItemSizeLimit } from './item-size-limit.ts'
import type { ClientSettings, ServerSettings } from './options.ts'
import { publishDisconnect, type ServerPlace } from './tracing.ts'
import { WaitingCommands } from './waiting-commands.ts'

/** Deadlines this close to that of the attempt to connect, in milliseconds, leave the error to the attempt. */
const SAME_DEADLINE = 50

/** A read of so many keys takes the server longer than this process takes for a write of its own. */
const MANY_KEYS = 32

/**
 * Brings commands to one server: keeps one connection, opens it when a command needs it, and sees to
 * it that every command settles by its deadline.
 */
export class Dispatcher {
  readonly #place: ServerPlace
  readonly #settings: ClientSettings
  readonly #listener: DispatcherListener
  readonly #waiting = new WaitingCommands()
  readonly #dialer: Dialer
  readonly #failures: Failures
  readonly #timer: DeadlineTimer
  readonly #itemSizeLimit = new ItemSizeLimit((command, timeout) => this.submit(command, timeout))
  /** Reads that were sent a second time, which happens once. */
  readonly #resent = new WeakSet<Command>()
  readonly #forgiven = new WeakSet<Command>() // got time back
  #connection: Connection | undefined
  #flushIsDue = false
  #isClosed = false
  #drained: (() => void) | undefined

  constructor({ address, place, settings }: ServerSettings, listener: DispatcherListener) {
    const { server } = place
    this.#place = place
    this.#failures = new Failures(server)
    this.#settings = settings
    this.#listener = listener
    this.#timer = new DeadlineTimer(
      (stalled) => this.#sweep(stalled),
      () => this.#connection?.heardAt ?? 0,
    )
    this.#dialer = new Dialer(place, settings, (current) =>
      outsideCalls(() => {
        const connection: Connection = new Connection(address, server, current, {
          onReady: () => this.#onReady(connection),
          onRefused: (...refused) => this.#itemSizeLimit.takes(...refused, connection.out.dialect),
          onClose: (error, left) => this.#onClose(connection, error, left),
        })
        return connection
      }),
    )
  }

  get state(): ClientState {
    if (this.#isClosed) return 'closed'
    if (this.isConnected) return 'connected'
    if (this.#dialer.isDialing) return 'connecting'
    return this.#dialer.failure === undefined ? 'idle' : 'waiting'
  }

  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  /** Commands that are not settled, and those whose late replies are still awaited. */
  get inFlight(): number {
    return this.#waiting.count + (this.#connection?.inFlight ?? 0)
  }

  /** Sends the command in this turn of the event loop and settles it within `timeout` milliseconds of its end. */
  submit(command: Command, timeout: number): void {
    if (this.#isRefused(command)) return
    const isIdle = this.#waiting.length === 0 && this.#connection?.inFlight === 0
    this.#waiting.push(command, timeout)
    // The server works on it while this process goes on with its turn.
    if (isIdle && command.isRead && (command.keys ?? 0) >= MANY_KEYS) this.flush()
    else if (!this.#flushIsDue) {
      this.#flushIsDue = true
      // Behind the replies of all sockets that this turn reads, so that what they lead to leaves in one
      // write: with several servers that is a fifth less CPU for each command than at the next tick.
      setImmediate(() => this.flush())
    }
  }

  /** Resolves when connected; rejects with `MemcacheConnectError`. */
  async connect(): Promise<void> {
    if (this.#isClosed) throw this.#failures.closed()
    if (this.#connection !== undefined) return
    try {
      await this.#dial()
    } catch (error) {
      // Others may wait for the same attempt: an error belongs to one of them.
      throw this.#failures.undialed(error as MemcacheError, 'connect')
    }
  }

  /** Takes no more commands, lets those in flight settle, then closes. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.inFlight > 0) {
      await new Promise<void>((resolve) => {
        const earlier = this.#drained
        this.#drained = () => {
          earlier?.()
          resolve()
        }
      })
    }
    this.destroy()
  }

  /** Closes at once; commands in flight reject with `MemcacheClosedError`. */
  destroy(): void {
    this.#isClosed = true
    if (this.#dialer.isDialing) this.#dialer.abort(this.#failures.closed())
    this.#connection?.destroy(this.#failures.closed())
    this.#waiting.fail(() => this.#failures.closed())
    this.#timer.clear()
    this.#checkDrained()
  }

  /** Sends what waits, as far as the connection takes it. */
  flush(): void {
    this.#flushIsDue = false
    const now = clock()
    const connection = this.#connection
    if (connection === undefined) {
      this.#timer.arm(this.#waiting.date(now))
      if (this.#waiting.length > 0) this.#dialInBackground()
      return
    }
    const waiting = this.#waiting
    let earliest = Number.POSITIVE_INFINITY
    let written: Command[] | undefined
    for (;;) {
      const command = waiting.peek()
      if (command === undefined) break
      if (!command.isSettled && !connection.accepts(command)) break
      waiting.shift(now)
      if (command.deadline < earliest) earliest = command.deadline
      if (command.isSettled) continue
      connection.append(command, now)
      if (command.isEarly) {
        written ??= []
        written.push(command)
      }
    }
    this.#timer.arm(Math.min(earliest, waiting.date(now)))
    connection.flush()
    if (written !== undefined) for (const command of written) command.written()
    this.#checkDrained()
  }

  /** Whether it takes no command like this now; then it rejects it. */
  #isRefused(command: Command): boolean {
    const failures = this.#failures
    const { maxInFlight, maxInFlightBytes } = this.#settings
    const { inFlight } = this
    const bytes = this.#waiting.bytes + (this.#connection?.bytes ?? 0)
    const cause = this.isConnected || this.#dialer.isDialing ? undefined : this.#dialer.failure
    if (this.#isClosed) command.reject(failures.closed())
    else if (inFlight >= maxInFlight) failures.overload(command, inFlight, 'commands')
    else if (bytes > 0 && bytes + command.size > maxInFlightBytes) {
      failures.overload(command, bytes, 'bytes of requests')
    } else if (cause !== undefined) failures.waiting(command, cause)
    else return false
    return true
  }

  #dialInBackground(): void {
    // What fails with the attempt are the commands that wait for it.
    this.#dial().catch(() => {})
  }

  async #dial(): Promise<void> {
    const attempt = this.#dialer.isDialing
    try {
      const connection = await this.#dialer.dial()
      if (!attempt) this.#onDialed(connection)
    } catch (error) {
      if (!attempt) this.#onDialFailed(error as MemcacheError)
      throw error
    }
  }

  #onDialed(connection: Connection): void {
    this.#connection = connection
    this.#itemSizeLimit.forget()
    connection.hasAnswered = false
    this.#listener.onConnect(this.#dialer.connections === 1)
    this.flush()
    if (connection.inFlight === 0) connection.hold(false)
  }

  #onDialFailed(failure: MemcacheError): void {
    this.#waiting.fail((command) => this.#failures.undialed(failure, command.name))
    this.#checkDrained()
  }

  #onReady(connection: Connection): void {
    if (this.#connection !== connection) return
    if (this.#waiting.length > 0 && !this.#flushIsDue) this.flush()
    else this.#checkDrained()
  }

  #onClose(connection: Connection, error: MemcacheError, left: Iterable<Command>): void {
    const wasCurrent = connection === this.#connection
    if (wasCurrent) this.#connection = undefined
    const again: Command[] = []
    let isAskedFor = false
    let isIdle = true
    for (const command of left) {
      isIdle = false
      if (command.isSettled) continue
      if (command.endsConnection && connection.wasClosedByServer) {
        isAskedFor = true
        command.resolve(undefined)
      } else if (wasCurrent && this.#maySendAgain(connection, command, error)) again.push(command)
      else command.reject(this.#failures.lost(connection, command, error))
    }
    if (!wasCurrent) return
    if (connection.hasAnswered || isAskedFor) this.#dialer.succeeded()
    else if (!isIdle) this.#dialer.failed(error)
    publishDisconnect(this.#place, error)
    this.#listener.onDisconnect(error)
    for (const command of again) this.#resent.add(command)
    this.#waiting.putBack(again)
    if (this.#waiting.length > 0 && !this.#flushIsDue) this.#dialInBackground()
    this.#checkDrained()
  }

  /** Reads of a connection that the server gave up, or that was given up for its silence, are sent once more. */
  #maySendAgain(connection: Connection, command: Command, error: MemcacheError): boolean {
    return (
      command.isRead &&
      !this.#resent.has(command) &&
      !this.#isClosed &&
      (connection.wasClosedByServer || error instanceof MemcacheTimeoutError) &&
      connection.hasAnswered &&
      !connection.hasBegunReply(command)
    )
  }

  /** Rejects what is overdue, and gives up a connection that has gone silent. */
  #sweep(stalled: number): void {
    const connection = this.#connection
    if (stalled > 0) this.#forgive(stalled)
    const now = clock()
    let next = this.#expireWaiting(now)
    if (connection !== undefined) {
      const wanted = this.#expireInFlight(connection, now)
      // Late replies that nobody waits for do not keep the process alive.
      connection.hold(wanted < Number.POSITIVE_INFINITY)
      next = Math.min(next, wanted, this.#checkSilence(connection, now))
    }
    this.#timer.arm(next)
    this.#checkDrained()
  }

  /** Gives up a connection that owes a reply for too long; answers when to look again. */
  #checkSilence(connection: Connection, now: number): number {
    const { timeout } = this.#settings
    const givenUpAt = connection.lateReplyUntil(timeout) ?? Number.POSITIVE_INFINITY
    if (givenUpAt > now) return givenUpAt
    const message = `no byte from the server for ${Math.round(now - connection.heardAt)} ms`
    connection.destroy(new MemcacheTimeoutError(message, { server: this.#place.server }))
    return Number.POSITIVE_INFINITY
  }

  /** What could not be sent while the process stood still gets that time back, at most once. */
  #forgive(stalled: number): void {
    const unsent = this.#connection?.hasUnsent ? this.#connection.commands() : []
    for (const command of [...this.#waiting.dated(), ...unsent]) {
      if (!this.#forgiven.has(command)) command.deadline += stalled
      this.#forgiven.add(command)
    }
  }

  #expireWaiting(now: number): number {
    let next = Number.POSITIVE_INFINITY
    // Which of the two comes first is chance, so that the same call would fail in two ways.
    const sameAsDial = this.#dialer.deadline - SAME_DEADLINE
    const what = this.isConnected ? 'not sent' : 'no connection'
    for (const command of this.#waiting.dated()) {
      if (command.isSettled) continue
      const { deadline } = command
      if (deadline > now) next = Math.min(next, deadline)
      else if (deadline >= sameAsDial) next = Math.min(next, this.#dialer.deadline + SAME_DEADLINE)
      else command.reject(this.#failures.timeout(command, what, false))
    }
    return next
  }

  #expireInFlight(connection: Connection, now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const command of connection.commands()) {
      if (command.isSettled) continue
      if (command.deadline > now) next = Math.min(next, command.deadline)
      else command.reject(this.#failures.timeout(command, 'no reply', true))
    }
    return next
  }

  #checkDrained(): void {
    if (this.#drained === undefined || this.inFlight > 0) return
    const drained = this.#drained
    this.#drained = undefined
    drained()
  }
}
