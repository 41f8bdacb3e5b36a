import { type ItemKey, MemcacheIllegalInputError } from '@mc/protocol'
import { kindOf, messageOf } from '@mc/protocol/toolkit'
import { adviceOn, lossIn } from './json-losses.ts'
import { unreadable } from './unreadable.ts'

/** As the second argument of `JSON.stringify`. */
export type JsonReplacer =
  | ((this: unknown, key: string, value: unknown) => unknown)
  | readonly (string | number)[]

/** As the second argument of `JSON.parse`. */
export type JsonReviver = (this: unknown, key: string, value: unknown) => unknown

/** The numbers that JSON cannot hold, as Python's json module and JavaScript write them. */
const NUMBER_WORDS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/**
 * The value as JSON. A number by itself keeps its exact value, NaN, infinities and -0 included; inside
 * arrays and objects the rules of `JSON.stringify` hold.
 *
 * @throws MemcacheIllegalInputError for a value of which JSON would drop something, unless a replacer decides
 */
export function toJson(value: unknown, replacer?: JsonReplacer): string {
  if (typeof value === 'number' && replacer === undefined) return numberToText(value)
  if (ArrayBuffer.isView(value) && replacer === undefined) {
    illegal(`bytes and typed arrays: got a ${kindOf(value)}`)
  }
  let text: string | undefined
  let advice: string | undefined
  try {
    text = JSON.stringify(value, replacer as (key: string, value: unknown) => unknown)
    if (replacer === undefined && typeof value === 'object' && value !== null) {
      const loss = lossIn(value)
      if (loss !== undefined) advice = adviceOn(loss)
    }
  } catch (cause) {
    throw refusal(cause)
  }
  if (advice !== undefined) illegal(advice)
  // Of an object, what its `toJSON` returned.
  if (text === undefined) illegal(adviceOn(typeof value === 'object' ? undefined : value))
  return text
}

/** The engine's messages name members of the value. */
function refusal(cause: unknown): MemcacheIllegalInputError {
  const message = kindOf(cause) === 'TypeError' ? messageOf(cause) : ''
  if (/circular|cyclic/.test(message)) {
    illegal('a value that contains itself: structuredSerde keeps it')
  }
  if (/BigInt/.test(message)) {
    illegal('a bigint within an array or object: store it as text, or use structuredSerde')
  }
  return new MemcacheIllegalInputError('value cannot be written as JSON', { cause })
}

/** @throws MemcacheSerdeError */
export function fromJson(
  text: string,
  flags: number,
  key: ItemKey,
  reviver?: JsonReviver,
): unknown {
  try {
    return JSON.parse(text, reviver)
  } catch (cause) {
    const number = NUMBER_WORDS.get(text)
    if (number !== undefined) return number
    // The engine's message quotes the value, which has no place in an error of ours.
    if (kindOf(cause) === 'SyntaxError') {
      throw unreadable(`is not valid JSON${placeIn(messageOf(cause))}`, flags, key)
    }
    throw unreadable('was refused by the reviver', flags, key, cause)
  }
}

/** Where the text stops being JSON, as far as the engine's message says it outside of its quotation. */
function placeIn(message: string): string {
  if (/^(Unexpected end|Unterminated)/.test(message)) return ': it ends too early'
  const position = /in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1]
  return position === undefined ? '' : ` at character ${position}`
}

function numberToText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function illegal(what: string): never {
  throw new MemcacheIllegalInputError(`JSON cannot hold ${what}`)
}
