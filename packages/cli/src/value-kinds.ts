import { isUtf8 } from 'node:buffer'
import { UsageError } from './exit.ts'

/** What a value of the command line can be stored as. */
export const VALUE_KINDS = ['text', 'bytes', 'integer', 'json'] as const

export type ValueKind = (typeof VALUE_KINDS)[number]

/** @throws UsageError unless the text is a value of the kind */
export function parseValue(
  bytes: Buffer,
  kind: ValueKind = isUtf8(bytes) ? 'text' : 'bytes',
): unknown {
  const text = bytes.toString()
  switch (kind) {
    case 'text':
      return text
    case 'bytes':
      return bytes
    case 'integer':
      if (!/^\s*-?\d+\s*$/.test(text)) throw new UsageError('the value is not an integer')
      return BigInt(text) === BigInt(Number(text)) ? Number(text) : BigInt(text)
    case 'json':
      try {
        return JSON.parse(text)
      } catch {
        throw new UsageError('the value is not JSON')
      }
  }
}
