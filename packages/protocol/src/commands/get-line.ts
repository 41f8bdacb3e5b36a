import { Command, errorOfReply, misplaced } from '../command.ts'
import type { WireKey } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'

/** Servers and proxies that bound a `get` line do so at 16 KB. */
export const MAX_LINE: number = 15 * 1024

/** With more in a line the server works while the client waits, and the other way round. */
const MAX_KEYS = 16

/** A get of one key that can share a line with others. */
export interface LineMember extends Command {
  readonly wire: WireKey
  /** Settles with the value that the parser stands on. */
  take(reply: ReplyParser): void
  takeMiss(): void
}

/**
 * Gets that share one line, `get k1 … kn`. Older servers send the reply to every text `get` line by itself,
 * a system call each; and each value names its key, so no get can take another's.
 */
export class GetLine extends Command<void> {
  override readonly name = 'get'
  /** Those that are answered leave a gap. */
  readonly #members: (LineMember | undefined)[] = []
  #length = 0
  #size = 0
  #next = 0
  #started = false

  override get count(): number {
    return this.#members.length
  }

  override get members(): readonly Command[] {
    return this.#members.filter((member) => member !== undefined)
  }

  override get isRead(): boolean {
    return true
  }

  override get size(): number {
    return this.#size
  }

  /** Takes a get if there is room. */
  add(member: LineMember): boolean {
    const { length } = member.wire
    if (this.#members.length === MAX_KEYS || this.#length + length >= MAX_LINE) return false
    this.#length += length + 1
    this.#size += member.size
    this.#members.push(member)
    return true
  }

  override write(out: RequestWriter): void {
    out.ascii('get')
    for (const member of this.#members) out.ascii(' ').ascii((member as LineMember).wire)
    out.crlf()
  }

  override read(reply: ReplyParser): boolean {
    switch (reply.kind) {
      case ReplyKind.value:
        this.#started = true
        this.#takeNamed(reply).take(reply)
        this.#readInOrder(reply)
        return false
      case ReplyKind.end:
        for (const member of this.#members) member?.takeMiss()
        return true
      default:
        if (this.#started) throw errorOfReply(reply, this.name)
        for (const member of this.#members) member?.refuse(reply)
        return true
    }
  }

  /** Rejects those that are not answered. */
  override reject(error: unknown): void {
    for (const member of this.#members) member?.reject(error)
  }

  /** Reads the values that have come and are in the order of the request, as servers send them. */
  #readInOrder(reply: ReplyParser): void {
    const members = this.#members
    for (;;) {
      const member = members[this.#next]
      if (member === undefined || !reply.nextValueOf(member.wire)) return
      members[this.#next++] = undefined
      member.take(reply)
    }
  }

  /** The get that the value is for: a proxy that joins the replies of several servers may change the order. */
  #takeNamed(reply: ReplyParser): LineMember {
    const members = this.#members
    for (let i = 0; i < members.length; i++) {
      const index = (this.#next + i) % members.length
      const member = members[index]
      if (member !== undefined && reply.hasKey(member.wire)) {
        members[index] = undefined
        this.#next = index + 1
        return member
      }
    }
    throw misplaced(reply, this.name)
  }
}
