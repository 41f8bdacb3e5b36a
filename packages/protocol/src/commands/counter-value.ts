import { MemcacheCounterRangeError } from '../errors.ts'

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
