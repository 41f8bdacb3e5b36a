import type { Dialect } from '../command.ts'
import type { WireKey } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import { counterValue } from './counter-value.ts'
import { type FieldName, fieldFlags, readFields } from './item-fields.ts'
import { ItemMetaCommand } from './item-meta.ts'

/**
 * `ma`: the counter's new value with the fields asked for, `false` when a condition did not hold, `undefined`
 * when there is none.
 */
export class MetaArithmeticCommand extends ItemMetaCommand<object | false | undefined> {
  readonly #fields: readonly FieldName[]
  readonly #asBigint: boolean

  constructor(wire: WireKey, flags: string, fields: readonly FieldName[], asBigint: boolean) {
    super('metaArithmetic', 'ma', wire, `${flags} v${fieldFlags(fields)}`)
    this.#fields = fields
    this.#asBigint = asBigint
  }

  protected take(reply: ReplyParser): void {
    if (reply.kind !== ReplyKind.va) {
      this.resolve(reply.kind === ReplyKind.nf ? undefined : false)
      return
    }
    const value = counterValue(
      reply.dataView.toString('latin1').trimEnd(),
      this.#asBigint,
      this.name,
    )
    if (value instanceof Error) this.reject(value)
    else this.resolve({ value, ...readFields(reply, this.#fields) })
  }
}

/** What a counter command answers in text when there is no counter, and the command could not make it. */
export const NO_COUNTER: unique symbol = Symbol('no counter')

/**
 * `incr` and `decr` of a counter that is made when it is missing: one `ma`. In text it is the classic command,
 * and answers `NO_COUNTER` where there is none.
 */
export class InitialCounterCommand extends ItemMetaCommand<number | bigint | typeof NO_COUNTER> {
  readonly #line: string
  readonly #asBigint: boolean
  #isText = false

  /** @param delta - decimal text, as is `initial` */
  constructor(
    verb: 'incr' | 'decr',
    wire: WireKey,
    delta: string,
    initial: string,
    exptime: number,
    asBigint: boolean,
  ) {
    const mode = verb === 'incr' ? '' : ' MD'
    super(verb, 'ma', wire, ` N${exptime} J${initial} D${delta}${mode} v`)
    this.#line = `${verb} ${wire} ${delta}`
    this.#asBigint = asBigint
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    this.#isText = dialect === 'text'
    if (this.#isText) out.ascii(this.#line).crlf()
    else super.write(out, dialect)
  }

  override read(reply: ReplyParser): boolean {
    if (!this.#isText) return super.read(reply)
    if (reply.kind === ReplyKind.notFound) this.resolve(NO_COUNTER)
    else if (reply.kind === ReplyKind.number) this.#settle(reply.line)
    else return this.refuse(reply)
    return true
  }

  protected take(reply: ReplyParser): void {
    if (reply.kind === ReplyKind.va) this.#settle(reply.dataView.toString('latin1'))
    else this.refuse(reply)
  }

  #settle(digits: string): void {
    const value = counterValue(digits.trimEnd(), this.#asBigint, this.name)
    if (value instanceof Error) this.reject(value)
    else this.resolve(value)
  }
}
