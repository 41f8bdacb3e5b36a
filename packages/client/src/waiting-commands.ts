import type { Command } from '@mc/protocol'
import { Fifo } from './fifo.ts'

/**
 * The commands of one client that are not sent yet, in their order. The clock of a command starts at the end of the turn
 * that submitted it: until then it has a timeout for a deadline, and is undated.
 */
export class WaitingCommands {
  readonly #queue = new Fifo<Command>()
  /** How many of the last commands in the queue are undated. */
  #undated = 0
  #bytes = 0
  #count = 0

  get length(): number {
    return this.#queue.length
  }

  /** How many replies they will have. */
  get count(): number {
    return this.#count
  }

  /** About how many bytes their requests have. */
  get bytes(): number {
    return this.#bytes
  }

  push(command: Command, timeout: number): void {
    command.deadline = timeout
    this.#undated++
    this.#bytes += command.size
    this.#count += command.count
    this.#queue.push(command)
  }

  /** Puts back, in front of all others, commands that have deadlines. */
  putBack(commands: readonly Command[]): void {
    for (let i = commands.length - 1; i >= 0; i--) {
      const command = commands[i] as Command
      this.#bytes += command.size
      this.#count += command.count
      this.#queue.unshift(command)
    }
  }

  /** The first one, which stays. */
  peek(): Command | undefined {
    return this.#queue.peek()
  }

  /** Takes the first one out, and dates it. */
  shift(now: number): Command | undefined {
    const isUndated = this.#undated === this.#queue.length
    const command = this.#queue.shift()
    if (command === undefined) return undefined
    this.#bytes -= command.size
    this.#count -= command.count
    if (isUndated) {
      this.#undated--
      command.deadline += now
    }
    return command
  }

  /** Makes deadlines of all timeouts; answers the earliest of them. */
  date(now: number): number {
    const { length } = this.#queue
    let earliest = Number.POSITIVE_INFINITY
    for (let i = length - this.#undated; i < length; i++) {
      const command = this.#queue.at(i)
      command.deadline += now
      if (command.deadline < earliest) earliest = command.deadline
    }
    this.#undated = 0
    return earliest
  }

  /** Those that have deadlines. */
  *dated(): Iterable<Command> {
    const dated = this.#queue.length - this.#undated
    for (let i = 0; i < dated; i++) yield this.#queue.at(i)
  }

  /** Rejects all of them. */
  fail(errorFor: (command: Command) => Error): void {
    for (let command = this.shift(0); command !== undefined; command = this.shift(0)) {
      command.reject(errorFor(command))
    }
  }
}
