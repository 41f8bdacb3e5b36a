import {
  type Command,
  type Dialect,
  type MemcacheError,
  MemcacheServerError,
  type ReplyParser,
  type Stats,
} from '@mc/protocol'
import { clock, errorOfReply, StatsCommand } from '@mc/protocol/toolkit'

/** Milliseconds that a call may wait beyond its time for an answer that is due with that of another. */
const SLACK = 50

/**
 * Completes the error of an item that is too large by the limit of its server, which is asked for after such an error
 * and no more than once. Where it cannot be had within the time of the call, the error stays as it is.
 */
export class ItemSizeLimit {
  readonly #submit: (command: Command, timeout: number) => void
  #bytes: number | undefined
  /** Those that wait for the answer, until their deadlines. */
  #waiting: [Command, MemcacheError][] | undefined
  /** When the answer comes at the latest. */
  #deadline = 0
  #isAsked = false

  /** @param submit - sends a command */
  constructor(submit: (command: Command, timeout: number) => void) {
    this.#submit = submit
  }

  /** The next connection may be to a server with another limit. */
  forget(): void {
    this.#bytes = undefined
    this.#isAsked = false
  }

  /**
   * Whether it rejects the command: its item is too large. Only memcached itself is asked for its limit, as some
   * proxies close the connection over `stats`.
   */
  takes(command: Command, reply: ReplyParser, dialect: Dialect): boolean {
    const { subject, name } = command
    if (subject === undefined || dialect !== 'meta' || !reply.text.includes('too large'))
      return false
    const error = errorOfReply(reply, name, subject)
    const waiting = this.#waiting
    if (waiting === undefined && !this.#isAsked) this.#ask(command, error)
    else if (waiting !== undefined && command.deadline + SLACK >= this.#deadline) {
      waiting.push([command, error])
    } else command.reject(this.#completed(error))
    return true
  }

  #ask(command: Command, error: MemcacheError): void {
    const waiting: [Command, MemcacheError][] = [[command, error]]
    this.#isAsked = true
    this.#waiting = waiting
    this.#deadline = command.deadline
    const question = new StatsCommand(['settings'])
    const settle = (stats?: Stats): void => {
      const bytes = stats?.item_size_max
      if (typeof bytes === 'number') this.#bytes = bytes
      this.#waiting = undefined
      for (const [refused, reason] of waiting) refused.reject(this.#completed(reason))
    }
    question.awaitedBy(
      (stats) => settle(stats as Stats),
      () => settle(),
    )
    this.#submit(question, Math.max(1, command.deadline - clock()))
  }

  #completed(error: MemcacheError): MemcacheError {
    if (this.#bytes === undefined) return error
    const { reason, server, command } = error
    const limit = `the server's item_size_max is ${this.#bytes} bytes`
    return new MemcacheServerError(`${reason}; ${limit}`, { server, command })
  }
}
