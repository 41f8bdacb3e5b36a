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

/**
 * One request paired with how its reply reads, and with who waits for it.
 *
 * A transport calls `write` once, then `read` for each reply unit in its turn until it answers true.
 * The command settles itself through `resolve` and `reject`, which its executor sets.
 *
 * @typeParam T - what it resolves to
 */
export abstract class Command<T = unknown> {
  /** The command's word, such as `get`, for errors and telemetry. */
  abstract readonly name: string

  resolve: Resolve<T> = nobody
  reject: (error: unknown) => void = nobody

  /** Called once the request is with the socket; commands with `noreply` resolve here. */
  onWritten: (() => void) | undefined = undefined

  /** When the transport must have settled it, on the transport's clock. */
  deadline: number = Number.POSITIVE_INFINITY

  /** Nobody waits any longer: timed out or aborted. Its reply, if one is due, is read and dropped. */
  abandoned = false

  /** It was sent a second time, which happens once. */
  resent = false

  /** How many keys a read has found so far; `undefined` for a command that finds nothing. */
  hits: number | undefined = undefined

  /** How many commands right behind it are answered by its reply as well. */
  followers = 0

  /** It has its answer although the reply that it is part of goes on. */
  isAnswered = false

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
