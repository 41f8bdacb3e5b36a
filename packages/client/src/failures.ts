import { setImmediate } from 'node:timers'
import {
  type Command,
  MemcacheClosedError,
  MemcacheConnectError,
  type MemcacheError,
  MemcacheOverloadError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
} from '@mc/protocol'
import { closedError, withStackFrames } from '@mc/protocol/toolkit'
import type { Connection } from './connection.ts'

/** Refusals in one turn of the event loop that have a stack, which takes ten times as long as the rest of the error. */
const STACKS = 16

/** The errors of calls to one server: each belongs to one call, whatever other calls failed with. */
export class Failures {
  readonly #server: string
  /** How many more refusals of this turn have a stack. */
  #stacks = STACKS

  constructor(server: string) {
    this.#server = server
  }

  closed(): MemcacheClosedError {
    return closedError(this.#server)
  }

  /**
   * Of a call too many, which comes with thousands of others.
   *
   * @param what - is in flight already
   */
  overload(command: Command, what: string): MemcacheOverloadError {
    const place = { server: this.#server, command: command.name, written: false }
    const message = `${what} are in flight already`
    if (this.#stacks === 0) {
      return withStackFrames(0, () => new MemcacheOverloadError(message, place))
    }
    if (this.#stacks === STACKS) {
      setImmediate(() => {
        this.#stacks = STACKS
      })
    }
    this.#stacks--
    return new MemcacheOverloadError(message, place)
  }

  /** Of a call that comes while the next attempt to connect is not due. */
  waiting(command: Command, cause: MemcacheError): MemcacheConnectError {
    const place = { server: this.#server, command: command.name, written: false, cause }
    return new MemcacheConnectError(`waiting to connect again after: ${cause.reason}`, place)
  }

  /** Of a call that waited for an attempt to connect, which failed. */
  undialed(cause: MemcacheError, command: string): MemcacheError {
    if (cause instanceof MemcacheClosedError) return this.closed()
    const place = { server: this.#server, command, cause, written: false }
    return new MemcacheConnectError(cause.reason, place)
  }

  /** Of a call whose connection ended before its reply. */
  lost(connection: Connection, command: Command, error: MemcacheError): MemcacheError {
    if (error instanceof MemcacheClosedError) return this.closed()
    // A server that has too many connections says so before it reads anything.
    const written = connection.hasAnswered || !(error instanceof MemcacheConnectError)
    const place = { server: this.#server, command: command.name, cause: error, written }
    return new MemcacheUnexpectedCloseError(error.reason, place)
  }

  /** @param what - is missing at the deadline */
  timeout(command: Command, what: string, written: boolean): MemcacheTimeoutError {
    const place = { server: this.#server, command: command.name, written }
    return new MemcacheTimeoutError(`${what} before the deadline`, place)
  }
}
