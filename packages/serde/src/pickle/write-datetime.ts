import { MemcacheIllegalInputError } from '@mc/protocol'
import type { PickleOutput } from './pickle-output.ts'

const UTC = [
  ...global('datetime', 'timezone'),
  ...global('datetime', 'timedelta'),
  // timezone(timedelta(0, 0, 0))
  ...Buffer.from('K\0K\0K\0\x87R\x85R', 'latin1'),
]
const DATETIME = global('datetime', 'datetime')

/** A Date as Python's `datetime`, of UTC, to the millisecond. @throws MemcacheIllegalInputError outside of years 1 to 9999 */
export function writeDatetime(output: PickleOutput, date: Date, zone: 'utc' | 'naive'): void {
  const year = date.getUTCFullYear()
  if (!(year >= 1 && year <= 9999)) {
    throw new MemcacheIllegalInputError(
      'value cannot be pickled: it holds a Date outside of the years 1 to 9999',
    )
  }
  const state = Buffer.alloc(10)
  state.writeUInt16BE(year, 0)
  state.set([date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours()], 2)
  state.set([date.getUTCMinutes(), date.getUTCSeconds()], 5)
  state.writeUIntBE(date.getUTCMilliseconds() * 1000, 7, 3)
  output.bytes(Buffer.of(...DATETIME, 0x43, state.length, ...state))
  const call = zone === 'utc' ? [...UTC, 0x86, 0x52] : [0x85, 0x52]
  output.bytes(Buffer.from(call))
}

/** A class by its module and name, each as short text. */
function global(module: string, name: string): number[] {
  const text = (value: string) => [0x8c, value.length, ...Buffer.from(value)]
  return [...text(module), ...text(name), 0x93]
}
