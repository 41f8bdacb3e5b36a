/**
 * Makes the value of a Python instance.
 *
 * @param args - what the class is called with, as values
 * @param state - what `__setstate__` or `__dict__` gets, or `null`
 */
export type PickleClass = (args: readonly unknown[], state: unknown) => unknown

/**
 * The classes that are read without being asked for, by module and name. Where a class has no equal in JavaScript,
 * its value is the text or number that it is made from.
 */
export const STANDARD_CLASSES: Readonly<Record<string, PickleClass>> = {
  'datetime.datetime': ([bytes, zone = 0]) => datetime(bytes as Buffer, zone as number),
  'datetime.date': ([bytes]) => dateText(bytes as Buffer),
  'datetime.timedelta': ([days, seconds, microseconds]) =>
    number(days) * 86_400 + number(seconds) + number(microseconds) / 1e6,
  'datetime.timezone': ([offset]) => offset,
  'decimal.Decimal': ([text]) => string(text),
  'uuid.UUID': (_, state) => uuid((state as { int: unknown }).int),
}

/** @param zone - the offset from UTC in seconds */
function datetime(bytes: Buffer, zone: number): Date {
  if (bytes.length !== 10 || typeof zone !== 'number') throw new TypeError('not a datetime')
  const [hour, minute, second] = bytes.subarray(4) as unknown as [number, number, number]
  const milliseconds = Math.floor(bytes.readUIntBE(7, 3) / 1000)
  const date = midnight(bytes)
  date.setUTCHours(hour, minute, second, milliseconds)
  return new Date(date.getTime() - zone * 1000)
}

function dateText(bytes: Buffer): string {
  if (bytes.length !== 4) throw new TypeError('not a date')
  return midnight(bytes).toISOString().slice(0, 10)
}

function midnight(bytes: Buffer): Date {
  const date = new Date(0)
  // The highest bit of the month says which of two equal hours is meant when clocks are set back.
  date.setUTCFullYear(bytes.readUInt16BE(0), (bytes.readUInt8(2) & 0x7f) - 1, bytes.readUInt8(3))
  return date
}

function uuid(int: unknown): string {
  const isInt = typeof int === 'bigint' || Number.isSafeInteger(int)
  const hex = isInt ? (int as number | bigint).toString(16).padStart(32, '0') : ''
  if (!/^[\da-f]{32}$/.test(hex)) throw new RangeError('not a UUID')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string')
  return value
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('not a number')
  return value
}
