import type { LineMember } from './commands/get-line.ts'
import {
  MemcacheClientError,
  MemcacheConnectError,
  type MemcacheError,
  MemcacheServerError,
  MemcacheUnknownCommandError,
  MemcacheUnknownError,
} from './errors.ts'
import { protocolWord, ReplyKind } from './reply-kind.ts'
import type { ReplyParser } from './reply-parser.ts'
import type { RequestWriter } from './request-writer.ts'

/** Said unasked to a connection past the server's limit, which then closes it. */
const TOO_MANY_CONNECTIONS = 'Too many open connections'

/** What a server says when it cannot hold a value. */
const NO_ROOM = /too large|out of memory/i

/** What stands for the command of a reply that no command awaits. */
const UNASKED_REPLY = 'unasked reply'

/** Of what a server says in an error line, in characters. */
const MAX_ERROR_TEXT = 250

/** How a server is spoken to: meta commands where they exist, or classic ones only. */
export type Dialect = 'meta' | 'text'

/** Written as a method so that a queue of `Command<unknown>` takes commands of any result. */
type Resolve<T> = { resolve(value: T | PromiseLike<T>): void }['resolve']

/** What answers the caller of a write before its reply. */
interface EarlyAnswer<T> {
  readonly value: T
  /** Takes what goes wrong afterwards. */
  readonly onError: (error: unknown) => void
}

/**
 * One request paired with how its reply reads, and with who waits for it.
 *
 * A transport calls `write` once, then `read` for each reply unit in its turn until it answers true. The command
 * settles once: with its reply, or with what `reject` is given first, such as by a signal or a deadline; then its
 * reply, if one is due, is still read in its place and dropped.
 *
 * @typeParam T - what it resolves to
 */
export abstract class Command<T = unknown> {
  /** The command's word, such as `get`, for errors and telemetry. */
  abstract readonly name: string

  /** When the transport must have settled it, on the transport's clock. It is the transport's to set. */
  deadline: number = Number.POSITIVE_INFINITY

  #resolve: Resolve<T> = nobody
  #reject: (error: unknown) => void = nobody
  #early: EarlyAnswer<T> | undefined = undefined
  #onAnswer: ((error?: unknown) => void) | undefined = undefined
  #isSettled = false

  /** Sets who waits for it, before it is sent. */
  awaitedBy(resolve: Resolve<T>, reject: (error: unknown) => void): void {
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Lets its caller be answered when the request is written; an error that comes behind goes to `onError`. */
  answerEarly(value: T, onError: (error: unknown) => void): void {
    this.#early = { value, onError }
  }

  /** Calls back when its caller is answered, with what it failed with. */
  onAnswer(callback: (error?: unknown) => void): void {
    const earlier = this.#onAnswer
    this.#onAnswer =
      earlier === undefined
        ? callback
        : (error) => {
            earlier(error)
            callback(error)
          }
  }

  /** Whether it has its outcome; then nothing changes that any more. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Whether its caller is answered when the request is written, and not by the reply. */
  get isEarly(): boolean {
    return this.#early !== undefined
  }

  /** The transport says that the request is with the socket. */
  written(): void {
    if (this.#early === undefined || this.#isSettled) return
    const { value, onError } = this.#early
    this.#resolve(value)
    this.#answered()
    this.#resolve = nobody
    this.#reject = onError
  }

  /** Settles the call with its result. */
  resolve(value: T | PromiseLike<T>): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#resolve(value)
    if (this.#onAnswer !== undefined) this.#answered()
  }

  /** Settles the call with an error. */
  reject(error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#reject(error)
    if (this.#onAnswer !== undefined) this.#answered(error)
  }

  #answered(error?: unknown): void {
    const callback = this.#onAnswer
    this.#onAnswer = undefined
    callback?.(error)
  }

  /** How many keys a read has found so far; `undefined` for a command that finds nothing. */
  get hits(): number | undefined {
    return undefined
  }

  /** Commands that its reply answers, and has not answered yet; `undefined` if it stands for itself. */
  get members(): readonly Command[] | undefined {
    return undefined
  }

  /** How many commands its reply answers. */
  get count(): number {
    return 1
  }

  /** Itself, if it may share a line of text with others of its kind. */
  get lineMember(): LineMember | undefined {
    return undefined
  }

  /** Reading it changes nothing on the server, so sending it twice is safe. */
  get isRead(): boolean {
    return false
  }

  /** How many keys a command of many keys names; `undefined` for others. */
  get keys(): number | undefined {
    return undefined
  }

  /** What an error of the server may be about: the key and size of what it stores. */
  get subject(): string | undefined {
    return undefined
  }

  /** It carries a payload: an error may leave the server reading that as commands. */
  get isStore(): boolean {
    return false
  }

  /** Its reply is the connection's end; nothing can be sent behind it. */
  get endsConnection(): boolean {
    return false
  }

  /** Its reply is all bytes before this token, rather than lines that the parser knows. */
  get endToken(): Uint8Array | undefined {
    return undefined
  }

  /** About how many bytes `write` will write, for limits. */
  abstract get size(): number

  /** Writes the request. What it throws rejects the command, and nothing is sent. */
  abstract write(out: RequestWriter, dialect: Dialect): void

  /**
   * Takes one reply unit; true when the reply is complete.
   *
   * @throws MemcacheError when the stream can no longer be trusted
   */
  abstract read(reply: ReplyParser): boolean

  /**
   * The end of `read` for a reply other than the expected ones. An error that leaves the stream in
   * step rejects the command and completes it.
   *
   * @throws MemcacheError when the stream can no longer be trusted
   */
  refuse(reply: ReplyParser): true {
    const error = errorOfReply(reply, this.name, this.subject)
    if (!leavesStreamInStep(reply, this.isStore)) throw error
    this.reject(error)
    return true
  }
}

/**
 * The error that a reply means to a command which did not expect it. What an error line says is shown, without
 * secrets; of other lines, which may hold anything, no more than a word of the protocol.
 *
 * @param subject - what the server may have no room for
 */
export function errorOfReply(reply: ReplyParser, command: string, subject?: string): MemcacheError {
  const text = shownText(reply, reply.text)
  const place = { server: reply.server, command }
  switch (reply.kind) {
    case ReplyKind.clientError:
      return new MemcacheClientError(text || 'CLIENT_ERROR', place)
    case ReplyKind.serverError:
      if (subject !== undefined && NO_ROOM.test(text)) {
        return new MemcacheServerError(`${text}: ${subject}`, place)
      }
      return new MemcacheServerError(text || 'SERVER_ERROR', place)
    case ReplyKind.error:
      if (reply.text === TOO_MANY_CONNECTIONS) {
        return new MemcacheConnectError(TOO_MANY_CONNECTIONS, { ...place, written: false })
      }
      return new MemcacheUnknownCommandError(text || 'the server does not know the command', place)
    case ReplyKind.refused:
      return new MemcacheServerError(shownText(reply, reply.line), place)
    case ReplyKind.unknown:
      return unfit(reply, reply.problem, command)
    default:
      return unfit(reply, 'a reply that does not fit', command)
  }
}

/** The error of a reply that belongs to another request. */
export function misplaced(reply: ReplyParser, command: string): MemcacheUnknownError {
  const place = { server: reply.server, command }
  return new MemcacheUnknownError('the reply belongs to another request', place)
}

/**
 * Whether exactly this reply answered exactly this command, so that the next one answers the next.
 * After a bad line with a payload servers may go on to read the payload as commands; and some answer a
 * bad `get` line with a surplus empty line.
 */
function leavesStreamInStep(reply: ReplyParser, isStore: boolean): boolean {
  switch (reply.kind) {
    case ReplyKind.serverError:
    case ReplyKind.refused:
      return true
    case ReplyKind.error:
      return !isStore && reply.text !== TOO_MANY_CONNECTIONS
    case ReplyKind.clientError:
      return !isStore && !reply.text.startsWith('bad command line format')
    default:
      return false
  }
}

function unfit(reply: ReplyParser, problem: string, command: string): MemcacheUnknownError {
  const { line, server } = reply
  const word = protocolWord(line)
  const start = word === undefined ? '' : ` that begins with ${word}`
  const expected = command === UNASKED_REPLY ? 'none' : `one to ${command}`
  const message = `${problem}: expected ${expected}, got a line of ${line.length} bytes${start}`
  return new MemcacheUnknownError(reply.withoutSecrets(message), { server, command })
}

/** What logs and terminals can show of a server's text, up to a length. */
function shownText(reply: ReplyParser, text: string): string {
  // Before it is cut and made printable, which could leave a part of a secret.
  const safe = reply.withoutSecrets(text)
  const shown = safe.slice(0, MAX_ERROR_TEXT).replace(/[^\x20-\x7e]/g, '?')
  return safe.length > MAX_ERROR_TEXT ? `${shown}…` : shown
}

function nobody(): void {}
