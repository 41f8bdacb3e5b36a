import {
  type Command,
  MemcacheClosedError,
  MemcacheConnectError,
  type MemcacheError,
  MemcacheOverloadError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
} from '@mc/protocol'
import { closedError, Refusals } from '@mc/protocol/toolkit'
import type { Connection } from './connection.ts'

/** The errors of calls to one server: each belongs to one call, whatever other calls failed with. */
export class Failures {
  readonly #server: string
  readonly #refusals = new Refusals()

  constructor(server: string) {
    this.#server = server
  }

  closed(): MemcacheClosedError {
    return closedError(this.#server)
  }

  /**
   * Rejects a call too many.
   *
   * @param count - how many units are in flight already
   */
  overload(command: Command, count: number, unit: string): void {
    this.#refusals.refuse(command, () => {
      const place = { server: this.#server, command: command.name, written: false }
      return new MemcacheOverloadError(`${count} ${unit} are in flight already`, place)
    })
  }

  /** Rejects a call that comes while the next attempt to connect is not due. */
  waiting(command: Command, cause: MemcacheError): void {
    this.#refusals.refuse(command, () => {
      const place = { server: this.#server, command: command.name, written: false, cause }
      return new MemcacheConnectError(`waiting to connect again after: ${cause.reason}`, place)
    })
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
