import { textKey } from '../binary-key.ts'
import { Command, type Dialect, errorOfReply, misplaced } from '../command.ts'
import { MemcacheCounterRangeError } from '../errors.ts'
import { toUint64 } from '../integer.ts'
import type { WireKey } from '../key.ts'
import type { Count } from '../memcache-client.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'

/** A request of one line that is the same in both dialects. */
export abstract class LineCommand<T> extends Command<T> {
  override readonly name: string
  protected readonly line: string

  /** @param line - the request without its end, one character per byte */
  constructor(name: string, line: string) {
    super()
    this.name = name
    this.line = line
  }

  override get size(): number {
    return this.line.length + 2
  }

  override write(out: RequestWriter, _dialect: Dialect): void {
    out.ascii(this.line).crlf()
  }
}

/** `delete`: true deleted, false not there. */
export class DeleteCommand extends LineCommand<boolean> {
  readonly #key: WireKey
  #opaque = -1

  constructor(key: WireKey) {
    super('delete', `delete ${key}`)
    this.#key = key
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    this.#opaque = dialect === 'meta' ? out.nextOpaque() : -1
    if (dialect === 'text') {
      textKey(this.#key)
      super.write(out, dialect)
      return
    }
    out.ascii('md ').ascii(this.#key).opaque().crlf()
  }

  override read(reply: ReplyParser): boolean {
    if (this.#opaque >= 0) return this.#readMeta(reply)
    if (reply.kind === ReplyKind.deleted) this.resolve(true)
    else if (reply.kind === ReplyKind.notFound) this.resolve(false)
    else return this.refuse(reply)
    return true
  }

  #readMeta(reply: ReplyParser): boolean {
    if (reply.kind !== ReplyKind.hd && reply.kind !== ReplyKind.nf) return this.refuse(reply)
    if (reply.opaque !== this.#opaque) {
      throw misplaced(reply, this.name)
    }
    this.resolve(reply.kind === ReplyKind.hd)
    return true
  }
}

/** `touch`: true touched, false not there. */
export class TouchCommand extends LineCommand<boolean> {
  constructor(key: WireKey, exptime: number) {
    super('touch', `touch ${key} ${exptime}`)
  }

  override read(reply: ReplyParser): boolean {
    if (reply.kind === ReplyKind.touched) this.resolve(true)
    else if (reply.kind === ReplyKind.notFound) this.resolve(false)
    else return this.refuse(reply)
    return true
  }
}

/** `incr` and `decr`: the new value, a bigint if the delta is one; `undefined` when not there. */
export class CounterCommand<N extends number | bigint> extends LineCommand<Count<N> | undefined> {
  readonly #asBigint: boolean

  /** @throws MemcacheIllegalInputError */
  constructor(verb: 'incr' | 'decr', key: WireKey, delta: N) {
    super(verb, `${verb} ${key} ${toUint64('delta', delta)}`)
    this.#asBigint = typeof delta === 'bigint'
  }

  override read(reply: ReplyParser): boolean {
    if (reply.kind === ReplyKind.notFound) this.resolve(undefined)
    else if (reply.kind === ReplyKind.number) this.#take(reply.line.trimEnd())
    else return this.refuse(reply)
    return true
  }

  #take(digits: string): void {
    const value = this.#asBigint ? BigInt(digits) : Number(digits)
    if (typeof value === 'bigint' || Number.isSafeInteger(value)) this.resolve(value as Count<N>)
    else this.reject(new MemcacheCounterRangeError(BigInt(digits), { command: this.name }))
  }
}

/** `flush_all`, `verbosity`, `cache_memlimit`: true when the server says `OK`. */
export class OkCommand extends LineCommand<true> {
  override read(reply: ReplyParser): boolean {
    if (reply.kind !== ReplyKind.ok) return this.refuse(reply)
    this.resolve(true)
    return true
  }
}

/** `version`: the text after `VERSION`. */
export class VersionCommand extends LineCommand<string> {
  constructor() {
    super('version', 'version')
  }

  override get isRead(): boolean {
    return true
  }

  override read(reply: ReplyParser): boolean {
    if (reply.kind !== ReplyKind.version) return this.refuse(reply)
    this.resolve(reply.text)
    return true
  }
}

/**
 * `mn`: true when the server speaks the meta dialect, false when it does not know the command: memcached says
 * `ERROR`, 1.5.19 to 1.5.22 `EN`. Another refusal, such as a proxy's, rejects.
 */
export class MetaNoopCommand extends LineCommand<boolean> {
  constructor() {
    super('mn', 'mn')
  }

  override read(reply: ReplyParser): boolean {
    const error = errorOfReply(reply, this.name)
    switch (reply.kind) {
      case ReplyKind.unknown:
        throw error
      case ReplyKind.clientError:
      case ReplyKind.serverError:
        this.reject(error)
        return true
      case ReplyKind.error:
        if (reply.text === '') this.resolve(false)
        else this.reject(error)
        return true
      default:
        this.resolve(reply.kind === ReplyKind.mn)
        return true
    }
  }
}

/** Answered by the connection's end, or by an error line. */
abstract class EndingCommand extends LineCommand<void> {
  override get endsConnection(): boolean {
    return true
  }

  override read(reply: ReplyParser): boolean {
    return this.refuse(reply)
  }
}

/** `shutdown`. */
export class ShutdownCommand extends EndingCommand {
  constructor(graceful: boolean) {
    super('shutdown', graceful ? 'shutdown graceful' : 'shutdown')
  }
}

/** `quit`. */
export class QuitCommand extends EndingCommand {
  constructor() {
    super('quit', 'quit')
  }
}
