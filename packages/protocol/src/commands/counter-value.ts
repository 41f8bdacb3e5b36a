import { MemcacheCounterRangeError } from '../errors.ts'
import type { ReplyParser } from '../reply-parser.ts'

/** Digits of which every number is exact. */
const EXACT_DIGITS = 15

/** What a counter's digits mean: a number that holds it exactly, a bigint where one is asked for, or the error. */
export function counterValue(
  digits: string,
  asBigint: boolean,
  command: string,
): number | bigint | MemcacheCounterRangeError {
  if (asBigint) return BigInt(digits)
  const value = Number(digits)
  if (Number.isSafeInteger(value)) return value
  return new MemcacheCounterRangeError(BigInt(digits), { command })
}

/** The same of the digits that are the value of a reply. */
export function counterOf(
  reply: ReplyParser,
  asBigint: boolean,
  command: string,
): number | bigint | MemcacheCounterRangeError {
  const { dataBuffer, dataStart, size } = reply
  if (asBigint || size > EXACT_DIGITS) {
    return counterValue(reply.dataView.toString('latin1').trimEnd(), asBigint, command)
  }
  let value = 0
  for (let i = 0; i < size; i++) value = value * 10 + (dataBuffer[dataStart + i] as number) - 48
  return value
}
