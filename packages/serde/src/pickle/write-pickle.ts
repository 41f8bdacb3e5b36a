import { isDate, isMap, isSet, isUint8Array } from 'node:util/types'
import { MemcacheIllegalInputError } from '@mc/protocol'
import { kindOf } from '@mc/protocol/toolkit'
import { isPlainObject } from '../plain-object.ts'
import type { PickleLimits } from './pickle-machine.ts'
import { PickleOutput } from './pickle-output.ts'
import { encodeInt, MAX_INT_BYTES } from './python-int.ts'
import { encodeStr } from './python-text.ts'
import { writeDatetime } from './write-datetime.ts'

/** How a Date is written: with UTC as its `tzinfo`, or without one. */
export type PickledDates = 'utc' | 'naive'

const PROTOCOL = 4

/** A pickle of protocol 4, which Python reads from 3.4 on. @throws MemcacheIllegalInputError */
export function writePickle(
  value: unknown,
  limits: PickleLimits,
  dates: PickledDates | undefined,
): Buffer {
  const pickler = new Pickler(limits, dates)
  pickler.output.bytes(Buffer.of(0x80, PROTOCOL))
  pickler.write(value, 0, false)
  pickler.op('.')
  return pickler.output.result()
}

class Pickler {
  readonly output = new PickleOutput()
  readonly #limits: PickleLimits
  readonly #dates: PickledDates | undefined
  /** The index in Python's memo of text and containers already written. */
  readonly #memo = new Map<unknown, number>()
  #values = 0

  constructor(limits: PickleLimits, dates: PickledDates | undefined) {
    this.#limits = limits
    this.#dates = dates
  }

  op(operation: string): void {
    this.output.uint8(operation.charCodeAt(0))
  }

  /** @param isKey - whether Python must be able to hash it: arrays become tuples, sets frozensets */
  write(value: unknown, depth: number, isKey: boolean): void {
    this.#values++
    if (this.#values > this.#limits.maxValues) {
      illegal(`has more than ${this.#limits.maxValues} parts (option maxValues)`)
    }
    if (value === undefined || value === null) this.op('N')
    else if (typeof value === 'boolean') this.op(value ? '\x88' : '\x89')
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'bigint') this.#bigint(value)
    else if (typeof value === 'string') {
      this.#memoized(value, () => this.#counted('\x8c', 'X', encodeStr(value)))
    } else if (typeof value === 'object') this.#object(value, depth, isKey)
    else illegal(`holds a ${typeof value}`)
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.op('G')
      this.output.float64(value)
    } else if (value >= 0 && value < 2 ** 8) {
      this.op('K')
      this.output.uint8(value)
    } else if (value >= 0 && value < 2 ** 16) {
      this.op('M')
      this.output.uint16(value)
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.op('J')
      this.output.int32(value)
    } else this.#bigint(BigInt(value))
  }

  #bigint(value: bigint): void {
    const bytes = encodeInt(value)
    if (bytes.length > MAX_INT_BYTES) illegal('holds a bigint of more than 100,000 digits')
    this.#counted('\x8a', '\x8b', bytes)
  }

  /** Bytes behind their length, in one byte or in four. */
  #counted(short: string, long: string, bytes: Uint8Array): void {
    if (bytes.length < 2 ** 8) {
      this.op(short)
      this.output.uint8(bytes.length)
    } else {
      this.op(long)
      this.output.uint32(bytes.length)
    }
    this.output.bytes(bytes)
  }

  #object(value: object, depth: number, isKey: boolean): void {
    if (depth >= this.#limits.maxDepth) {
      illegal(`has more than ${this.#limits.maxDepth} levels (option maxDepth)`)
    }
    if (isUint8Array(value)) {
      this.#memoized(value, () => this.#counted('C', 'B', value))
    } else if (isDate(value)) {
      if (this.#dates === undefined)
        illegal('holds a Date: the option dates says how it is written')
      writeDatetime(this.output, value, this.#dates)
    } else if (isKey) this.#key(value, depth + 1)
    else if (Array.isArray(value)) this.#container(']', 'e', value, value, depth + 1)
    else if (isMap(value)) this.#dict(value, value, depth + 1)
    else if (isSet(value)) this.#container('\x8f', '\x90', value, value, depth + 1)
    else if (hasToJson(value)) this.write(value.toJSON(), depth + 1, isKey)
    else this.#dict(value, members(value), depth + 1)
  }

  /** What Python can hash is not memoized: an equal array elsewhere must become a list. */
  #key(value: object, depth: number): void {
    const close = Array.isArray(value) ? 't' : isSet(value) ? '\x91' : undefined
    if (close === undefined) {
      illegal(`has a ${kindOf(value)} as a key or in a Set, which Python cannot hash`)
    }
    this.op('(')
    for (const item of value as Iterable<unknown>) this.write(item, depth, true)
    this.op(close)
  }

  #container(
    empty: string,
    close: string,
    value: object,
    items: Iterable<unknown>,
    depth: number,
  ): void {
    this.#filled(empty, close, value, () => {
      for (const item of items) this.write(item, depth, close === '\x90')
    })
  }

  #dict(value: object, entries: Iterable<readonly [unknown, unknown]>, depth: number): void {
    this.#filled('}', 'u', value, () => {
      for (const [key, member] of entries) {
        this.write(key, depth, true)
        this.write(member, depth, false)
      }
    })
  }

  /** A container, in the memo before its contents, which may refer to it. */
  #filled(empty: string, close: string, value: object, fill: () => void): void {
    const isNew = this.#memoized(value, () => this.op(empty))
    if (!isNew) return
    this.op('(')
    fill()
    this.op(close)
  }

  /** Writes a reference to what is written already. Otherwise writes it and returns true. */
  #memoized(value: unknown, write: () => void): boolean {
    const index = this.#memo.get(value)
    if (index === undefined) {
      write()
      this.op('\x94')
      this.#memo.set(value, this.#memo.size)
      return true
    }
    if (index < 2 ** 8) {
      this.op('h')
      this.output.uint8(index)
    } else {
      this.op('j')
      this.output.uint32(index)
    }
    return false
  }
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

/** Members as JSON has them: own ones, without those that are undefined. */
function members(value: object): [string, unknown][] {
  const keys = Object.keys(value)
  if (ArrayBuffer.isView(value) || (keys.length === 0 && !isPlainObject(value))) {
    illegal(`holds a value of type ${kindOf(value)}, which has no equal in Python`)
  }
  const object = value as Readonly<Record<string, unknown>>
  return keys
    .map((key) => [key, object[key]] as [string, unknown])
    .filter(([, member]) => member !== undefined)
}

function illegal(why: string): never {
  throw new MemcacheIllegalInputError(`value cannot be pickled: it ${why}`)
}
