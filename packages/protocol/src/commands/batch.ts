import { Command, type Dialect } from '../command.ts'
import type { ItemKey } from '../memcache-client.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'

/** One command of a call and the key that it is for. */
export interface KeyCommand<C> {
  readonly key: ItemKey
  readonly command: C
}

/** Takes what becomes of each command of a batch. */
export interface BatchOutcome<T> {
  onResult(key: ItemKey, result: T): void
  onFailure(key: ItemKey, error: unknown): void
}

/** Most bytes of a batch of more than one command: the most that a server takes which stalls over TLS. */
const MAX_SIZE = 16 * 1024

/**
 * Commands of one call, sent as one: one entry in the queue, one deadline, one promise. It
 * resolves with the last reply. Each command has its own outcome; an error that rejects the batch belongs to those
 * that are `unanswered`.
 */
export class BatchCommand<T> extends Command<void> {
  override readonly name: string
  override readonly size: number
  /** What it says of all of them. */
  readonly #first: Command<T>
  readonly #outcome: BatchOutcome<T>
  #commands: readonly KeyCommand<Command<T>>[]
  #next = 0
  #onLateError: ((error: unknown) => void) | undefined = undefined

  /** @param size - of all commands together, of which there is at least one, all of one kind */
  constructor(commands: readonly KeyCommand<Command<T>>[], size: number, outcome: BatchOutcome<T>) {
    super()
    const { command } = commands[0] as KeyCommand<Command<T>>
    this.name = command.name
    this.#first = command
    this.size = size
    this.#commands = commands
    this.#outcome = outcome
  }

  /** Those that have no outcome of their own yet. */
  get unanswered(): readonly KeyCommand<Command<T>>[] {
    return this.#commands.slice(this.#next)
  }

  override get count(): number {
    return this.#commands.length
  }

  override get keys(): number | undefined {
    return this.count > 1 ? this.count : undefined
  }

  override get hits(): number | undefined {
    return this.#first.hits
  }

  override get isRead(): boolean {
    return this.#first.isRead
  }

  override get isStore(): boolean {
    return this.#first.isStore
  }

  /** An item that is too large for a server is the only one of its batch. */
  override get subject(): string | undefined {
    return this.count === 1 ? this.#first.subject : undefined
  }

  override answerEarly(value: undefined, onError: (error: unknown) => void): void {
    super.answerEarly(value, onError)
    this.#onLateError = onError
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    const resolve = (result: T): void => this.#take(result)
    const reject = (error: unknown): void => this.#fail(error)
    let errors: Map<KeyCommand<Command<T>>, unknown> | undefined
    for (const one of this.#commands) {
      const { length } = out
      one.command.awaitedBy(resolve, reject)
      try {
        one.command.write(out, dialect)
      } catch (error) {
        out.truncate(length)
        errors ??= new Map()
        errors.set(one, error)
      }
    }
    if (errors !== undefined) this.#drop(errors)
  }

  override read(reply: ReplyParser): boolean {
    if (!this.#current.command.read(reply)) return false
    this.#next++
    if (this.#next < this.#commands.length) return false
    this.resolve()
    return true
  }

  get #current(): KeyCommand<Command<T>> {
    return this.#commands[this.#next] as KeyCommand<Command<T>>
  }

  #take(result: T): void {
    if (!this.isSettled) this.#outcome.onResult(this.#current.key, result)
  }

  #fail(error: unknown): void {
    if (this.isSettled) return
    if (this.#onLateError === undefined) this.#outcome.onFailure(this.#current.key, error)
    else this.#onLateError(error)
  }

  /** Takes out what could not be written, for which no reply will come. */
  #drop(errors: ReadonlyMap<KeyCommand<Command<T>>, unknown>): void {
    this.#commands = this.#commands.filter((one) => !errors.has(one))
    for (const [{ key }, error] of errors) this.#outcome.onFailure(key, error)
    if (this.#commands.length === 0) throw [...errors.values()][0]
  }
}

/** The commands as batches, in their order. Reads go each by itself, so that each can be sent again by itself. */
export function batchesOf<T>(
  commands: readonly KeyCommand<Command<T>>[],
  outcome: BatchOutcome<T>,
): BatchCommand<T>[] {
  const batches: BatchCommand<T>[] = []
  let start = 0
  let size = 0
  const finish = (end: number): void => {
    const own = end - start === commands.length ? commands : commands.slice(start, end)
    batches.push(new BatchCommand(own, size, outcome))
    start = end
    size = 0
  }
  for (let index = 0; index < commands.length; index++) {
    const { command } = commands[index] as KeyCommand<Command<T>>
    const more = command.size
    if (index > start && (command.isRead || size + more > MAX_SIZE)) finish(index)
    size += more
  }
  finish(commands.length)
  return batches
}
