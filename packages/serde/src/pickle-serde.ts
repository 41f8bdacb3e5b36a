import { isUint8Array } from 'node:util/types'
import {
  type ItemKey,
  MemcacheIllegalInputError,
  type Serde,
  type SerializedValue,
} from '@mc/protocol'
import {
  checkFunction,
  checkNumber,
  checkObject,
  checkOneOf,
  checkOptionNames,
  optionNames,
} from '@mc/protocol/toolkit'
import { Flag } from './flags.ts'
import { nativeSerde } from './native-serde.ts'
import { type PickleClass, STANDARD_CLASSES } from './pickle/classes.ts'
import { MalformedPickle } from './pickle/malformed-pickle.ts'
import { PickleInput } from './pickle/pickle-input.ts'
import { readPickle } from './pickle/read-pickle.ts'
import { type PickledDates, writePickle } from './pickle/write-pickle.ts'
import { isWellFormed, type SliceReader } from './text.ts'
import { unreadable, unreadableFlags } from './unreadable.ts'

/** Options of `pickleSerde`. */
export interface PickleSerdeOptions {
  /**
   * Further classes of Python to read, by module and name such as `shop.models.Money`. They come before the standard
   * ones of the same name. Each function gets the arguments that Python would call the class with, and the state.
   */
  readonly classes?: Readonly<Record<string, PickleClass>> | undefined
  /**
   * How a Date is written: as a `datetime` with UTC as its `tzinfo`, or as one without, in UTC.
   *
   * @default a Date is illegal input
   */
  readonly dates?: PickledDates | undefined
  /** Levels of containers in each other, read or written. @default 500 */
  readonly maxDepth?: number | undefined
  /** Values in one pickle, read or written. Reading takes up to 200 bytes for each. @default 1_000_000 */
  readonly maxValues?: number | undefined
}

/**
 * Shares items with pymemcache's `PickleSerde`: strings (flags 16), bytes (0), and integer numbers and bigints (2, 4)
 * as `nativeSerde` has them, and all else as a pickle (1). Pickles of protocols 0 to 5 are read; protocol 4 is
 * written. A dict is an object where all keys are str and a Map otherwise; tuples are arrays, and frozensets Sets.
 *
 * A pickle is data here and never a program: nothing of it is run, imported or looked up, and a class that is not
 * allowed is a `MemcacheSerdeError` which names it.
 *
 * @throws TypeError or RangeError for invalid options
 */
export function pickleSerde(options: PickleSerdeOptions = {}): Serde<unknown> {
  checkOptionNames(options, OPTIONS)
  const { classes = {}, dates, maxDepth = 500, maxValues = 1_000_000 } = options
  checkObject('classes', classes)
  for (const [name, read] of Object.entries(classes)) checkFunction(`classes[${name}]`, read)
  if (dates !== undefined) checkOneOf('dates', dates, ['utc', 'naive'])
  const limits = {
    maxDepth: checkNumber('maxDepth', maxDepth, { min: 1, max: 2000, integer: true }),
    maxValues: checkNumber('maxValues', maxValues, { min: 1, integer: true }),
  }
  const allClasses = new Map(Object.entries({ ...STANDARD_CLASSES, ...classes }))

  const read: SliceReader<unknown> = (buffer, start, end, flags, key, call, isAscii) => {
    if ((flags & ~READABLE) !== 0) throw unreadableFlags(flags, key)
    if (flags !== Flag.pickle) {
      return nativeSerde.deserializeSlice?.(buffer, start, end, flags, key, call, isAscii)
    }
    try {
      return readPickle(new PickleInput(buffer, start, end), allClasses, limits)
    } catch (error) {
      if (!(error instanceof MalformedPickle)) throw error
      throw unreadable(error.message, flags, key, error.cause)
    }
  }

  return {
    ignoresContext: options.classes === undefined,

    serialize(value: unknown, key: ItemKey): SerializedValue {
      if (value === undefined) {
        throw new MemcacheIllegalInputError('undefined cannot be stored: it is how a miss reads')
      }
      if (isPlain(value)) return nativeSerde.serialize(value, key) as SerializedValue
      return { data: writePickle(value, limits, dates), flags: Flag.pickle }
    },

    deserialize: (data, flags, key) =>
      flags === Flag.bytes ? data : read(data, 0, data.length, flags, key),
    keepsData: (flags) => flags === Flag.bytes,
    deserializeSlice: read,
  }
}

const OPTIONS = optionNames<PickleSerdeOptions>({
  classes: true,
  dates: true,
  maxDepth: true,
  maxValues: true,
})

const READABLE = Flag.pickle | Flag.text | Flag.integer | Flag.long

/** Whether pymemcache has flags for it. */
function isPlain(value: unknown): value is string | number | bigint | Uint8Array {
  if (typeof value === 'string') return isWellFormed(value)
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0)
  return typeof value === 'bigint' || isUint8Array(value)
}
