import { ReplyKind } from '../reply-kind.ts'
import type { ReplyParser } from '../reply-parser.ts'

/** The flag that asks for each field of an item, in the order in which they are sent. */
const LETTERS = {
  cas: 'c',
  ttl: 't',
  size: 's',
  flags: 'f',
  idle: 'l',
  isFetched: 'h',
} as const

/** A field of an item that its reply has in a flag. */
export type FieldName = keyof typeof LETTERS

export const FIELD_NAMES = Object.keys(LETTERS) as readonly FieldName[]

/** The flags that ask for fields, each behind a space. */
export function fieldFlags(fields: readonly FieldName[]): string {
  return fields.map((field) => ` ${LETTERS[field]}`).join('')
}

/** Calls back for each flag of a meta reply. */
export function eachFlag(reply: ReplyParser, take: (letter: string, token: string) => void): void {
  const words = reply.line.split(' ')
  for (let i = reply.kind === ReplyKind.va ? 2 : 1; i < words.length; i++) {
    const word = words[i] as string
    take(word.charAt(0), word.slice(1))
  }
}

/** The fields of a reply that were asked for. */
export function readFields(
  reply: ReplyParser,
  asked: readonly FieldName[],
): Partial<Record<FieldName, unknown>> {
  const fields: Partial<Record<FieldName, unknown>> = {}
  eachFlag(reply, (letter, token) => {
    for (const field of asked)
      if (LETTERS[field] === letter) fields[field] = fieldValue(field, token)
  })
  return fields
}

function fieldValue(field: FieldName, token: string): unknown {
  switch (field) {
    case 'cas':
      return token
    case 'isFetched':
      return token === '1'
    case 'ttl':
      return token === '-1' ? Number.POSITIVE_INFINITY : Number(token)
    default:
      return Number(token)
  }
}
