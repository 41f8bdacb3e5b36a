import { textKey } from '../binary-key.ts'
import type { Dialect } from '../command.ts'
import type { WireKey } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import type { RequestWriter } from '../request-writer.ts'
import { counterOf, counterValue } from './counter-value.ts'
import { type FieldName, fieldFlags, fieldsOf, flagsOf } from './item-fields.ts'
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
    const value = counterOf(reply, this.#asBigint, this.name)
    if (value instanceof Error) this.reject(value)
    else this.resolve({ value, ...fieldsOf(flagsOf(reply), this.#fields) })
  }
}

/**
 * `incr` and `decr` of a counter that is made when it is missing: one `ma`. In text it is the classic command,
 * and what comes after that where there is no counter.
 */
export class InitialCounterCommand extends ItemMetaCommand<number | bigint> {
  readonly #delta: string
  readonly #asBigint: boolean
  readonly #makeInText: () => Promise<number | bigint>
  #isText = false

  // Not one object: it sits on a hot path.
  /** @param delta - decimal text, as is `initial` */
  constructor(
    verb: 'incr' | 'decr',
    wire: WireKey,
    delta: string,
    initial: string,
    exptime: number,
    asBigint: boolean,
    makeInText: () => Promise<number | bigint>,
  ) {
    const mode = verb === 'incr' ? ' v' : ' MD v'
    super(verb, 'ma', wire, ` N${exptime} J${initial} D${delta}${mode}`)
    this.#delta = delta
    this.#asBigint = asBigint
    this.#makeInText = makeInText
  }

  override write(out: RequestWriter, dialect: Dialect): void {
    this.#isText = dialect === 'text'
    if (this.#isText)
      out.ascii(this.name).ascii(' ').ascii(textKey(this.key)).ascii(` ${this.#delta}`).crlf()
    else super.write(out, dialect)
  }

  override read(reply: ReplyParser): boolean {
    if (!this.#isText) return super.read(reply)
    if (reply.kind === ReplyKind.notFound) this.resolve(this.#makeInText())
    else if (reply.kind === ReplyKind.number) {
      this.#settle(counterValue(reply.line.trimEnd(), this.#asBigint, this.name))
    } else return this.refuse(reply)
    return true
  }

  protected take(reply: ReplyParser): void {
    if (reply.kind === ReplyKind.va) this.#settle(counterOf(reply, this.#asBigint, this.name))
    else this.refuse(reply)
  }

  #settle(value: number | bigint | Error): void {
    if (value instanceof Error) this.reject(value)
    else this.resolve(value)
  }
}
