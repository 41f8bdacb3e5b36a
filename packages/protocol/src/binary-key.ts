import { plainBytes } from './bytes.ts'
import { illegalInput, MemcacheUnsupportedError } from './errors.ts'
import type { WireKey } from './key.ts'
import type { ItemKey } from './memcache-client.ts'
import type { RequestWriter } from './request-writer.ts'

// Meta commands take any bytes as a key, in base64 and with the flag `b` (PROTOCOL 1.5). Such a wire key ends with the flag,
// before which there is a blank: no other has one.

const FLAG = ' b'

/** Bytes of a key in base64 that has the length limit of keys, prefix included. */
export const MAX_BINARY_KEY_LENGTH = 186

/** The wire key of any bytes. @throws MemcacheIllegalInputError for too many */
export function binaryKey(prefix: WireKey, key: ItemKey): WireKey {
  const bytes = Buffer.concat([
    Buffer.from(prefix, 'latin1'),
    typeof key === 'string' ? Buffer.from(key) : plainBytes(key),
  ])
  if (bytes.length > MAX_BINARY_KEY_LENGTH) {
    illegalInput(
      `key is too long: ${bytes.length} bytes with its prefix, at most ${MAX_BINARY_KEY_LENGTH} in base64`,
    )
  }
  return bytes.toString('base64') + FLAG
}

export function isBinaryKey(wire: WireKey): boolean {
  return wire.charCodeAt(wire.length - FLAG.length) === 0x20
}

/** The key, for a request in text. @throws MemcacheUnsupportedError for one in base64 */
export function textKey(wire: WireKey): WireKey {
  if (!isBinaryKey(wire)) return wire
  const message = 'the key needs meta commands, which the server does not have'
  throw new MemcacheUnsupportedError(message, { written: false })
}

/** Writes `ms`, the key and the length of the data: the flag of the key comes behind that. */
export function writeMetaSet(out: RequestWriter, wire: WireKey, length: number): RequestWriter {
  if (!isBinaryKey(wire)) return out.ascii('ms ').ascii(wire).ascii(' ').uint(length)
  const base64 = wire.slice(0, -FLAG.length)
  return out.ascii('ms ').ascii(base64).ascii(' ').uint(length).ascii(FLAG)
}
