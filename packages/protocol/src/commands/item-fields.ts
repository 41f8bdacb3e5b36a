import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'
import { givenFlags, isReserved } from './reserved-flags.ts'

/** The flag that asks for each field of an item, in the order in which they are sent. */
const LETTERS = {
  cas: 'c',
  ttl: 't',
  size: 's',
  flags: 'f',
  idle: 'l',
  isFetched: 'h',
} as const

/** The CAS token of all items of a server started with `-C`. */
export const NO_CAS = '0'

/** A field of an item that its reply has in a flag. */
export type FieldName = keyof typeof LETTERS

export const FIELD_NAMES = Object.keys(LETTERS) as readonly FieldName[]

/** The flags that ask for fields, each behind a space. */
export function fieldFlags(fields: readonly FieldName[]): string {
  return fields.map((field) => ` ${LETTERS[field]}`).join('')
}

/** The flags of a meta reply by their letters, with their tokens. */
export function flagsOf(reply: ReplyParser): Map<string, string> {
  const flags = new Map<string, string>()
  for (const word of reply.line.split(' ').slice(reply.kind === ReplyKind.va ? 2 : 1)) {
    if (word !== '') flags.set(word.charAt(0), word.slice(1))
  }
  return flags
}

/** The fields that were asked for and that the server answered. */
export function fieldsOf(
  flags: ReadonlyMap<string, string>,
  asked: readonly FieldName[],
): Partial<Record<FieldName, unknown>> {
  const fields: Partial<Record<FieldName, unknown>> = {}
  for (const field of asked) {
    const token = flags.get(LETTERS[field])
    if (token !== undefined) fields[field] = fieldValue(field, token)
  }
  return fields
}

/**
 * Whether the item of a reply is no value: one of reserved flags, or the placeholder of somebody's lease. In text
 * a placeholder looks like empty bytes that were stored with flags 0, and both count.
 */
export function isNoValue(reply: ReplyParser, size: number = reply.size): boolean {
  if (reply.flags !== 0) return isReserved(reply.flags)
  return size === 0 && (reply.kind === ReplyKind.value || reply.endsInMark)
}

function fieldValue(field: FieldName, token: string): unknown {
  switch (field) {
    case 'cas':
      return token
    case 'isFetched':
      return token === '1'
    case 'ttl':
      return token === '-1' ? Number.POSITIVE_INFINITY : Number(token)
    case 'flags':
      return givenFlags(Number(token))
    default:
      return Number(token)
  }
}
