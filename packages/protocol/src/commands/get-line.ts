import { errorOfReply, misplaced } from '../command.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import type { GetCommand } from './get.ts'

type AnyGet = GetCommand<unknown, unknown, unknown>

/** Servers and proxies that bound a `get` line do so at 16 KB. */
export const MAX_LINE: number = 15 * 1024

/** With more in a line the server works while the client waits, and the other way round. */
const MAX_KEYS = 16

/**
 * Gets that share one line, `get k1 … kn`. Older servers send the reply to every text `get` line by itself,
 * a system call each; and each value names its key, so no get can take another's.
 *
 * The first get stands for all in its transport: it is written and reads the reply, the others are its
 * `followers`.
 */
export class GetLine {
  readonly #gets: AnyGet[] = []
  #length = 0
  #next = 0
  #started = false

  /** Takes a plain get if there is room. */
  add(get: AnyGet, length: number): boolean {
    if (this.#gets.length === MAX_KEYS || this.#length + length >= MAX_LINE) return false
    this.#length += length + 1
    this.#gets.push(get)
    return true
  }

  write(out: RequestWriter): void {
    const gets = this.#gets
    const first = gets[0] as AnyGet
    if (gets.length === 1) {
      first.write(out, 'text')
      return
    }
    out.ascii('get')
    for (const get of gets) {
      out.ascii(' ').ascii(get.plainKey as string)
      get.join(this)
    }
    out.crlf()
    first.followers = gets.length - 1
  }

  /** As `Command.read`, for all of its gets. */
  read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.value: {
        this.#started = true
        const get = this.#getOf(reply)
        get.isAnswered = true
        get.take(reply)
        return false
      }
      case ReplyKind.end:
        for (const get of this.#gets) if (!get.isAnswered) get.takeMiss()
        return true
      default:
        if (this.#started) throw errorOfReply(reply, 'get')
        for (const get of this.#gets) get.refuse(reply)
        return true
    }
  }

  /** Servers answer in the order of the request; a proxy that joins several may not. */
  #getOf(reply: ReplyParser): AnyGet {
    const gets = this.#gets
    for (let i = this.#next; i < gets.length; i++) {
      const get = gets[i] as AnyGet
      if (reply.hasKey(get.plainKey as string)) {
        this.#next = i + 1
        return get
      }
    }
    for (let i = 0; i < this.#next; i++) {
      const get = gets[i] as AnyGet
      if (!get.isAnswered && reply.hasKey(get.plainKey as string)) return get
    }
    throw misplaced(reply, 'get')
  }
}
