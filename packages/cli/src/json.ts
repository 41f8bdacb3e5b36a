import { isUtf8 } from 'node:buffer'
import { isNativeError, isRegExp, isUint8Array } from 'node:util/types'

/**
 * A value of any serde as JSON: a Map as pairs, a Set as a list, a bigint as its digits, bytes as text, or as base64 where
 * they are not UTF-8, regular expressions and errors as text.
 *
 * @throws TypeError for a value that contains itself
 */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replaced, indent)
}

/** Called with the object as `this`: JSON.stringify has replaced a Buffer in `value` already. */
function replaced(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const member = this[key]
  if (isUint8Array(member)) {
    const bytes = Buffer.from(member)
    return isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') }
  }
  if (isRegExp(member) || isNativeError(member)) return String(member)
  if (member instanceof Map || member instanceof Set) return [...member]
  return typeof member === 'bigint' ? member.toString() : value
}
