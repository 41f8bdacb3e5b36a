import type { WireKey } from '../key.ts'
import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import { type FieldName, fieldFlags, fieldsOf, flagsOf } from './item-fields.ts'
import { ItemMetaCommand } from './item-meta.ts'

/** `ms`: the fields asked for when stored, `false` when a condition did not hold, `undefined` when there is no item. */
export class MetaSetCommand extends ItemMetaCommand<object | false | undefined> {
  readonly #fields: readonly FieldName[]

  constructor(
    wire: WireKey,
    data: string | Uint8Array,
    flags: string,
    fields: readonly FieldName[],
  ) {
    super('metaSet', 'ms', wire, flags + fieldFlags(fields), data)
    this.#fields = fields
  }

  protected take(reply: ReplyParser): void {
    if (reply.kind === ReplyKind.hd) this.resolve(fieldsOf(flagsOf(reply), this.#fields))
    else this.resolve(reply.kind === ReplyKind.nf ? undefined : false)
  }
}

/** `md`: true done, false changed by someone else, undefined when there is no item. */
export class MetaDeleteCommand extends ItemMetaCommand<boolean | undefined> {
  constructor(wire: WireKey, flags: string, name = 'metaDelete') {
    super(name, 'md', wire, flags)
  }

  protected take(reply: ReplyParser): void {
    if (reply.kind === ReplyKind.hd) this.resolve(true)
    else this.resolve(reply.kind === ReplyKind.nf ? undefined : false)
  }
}
