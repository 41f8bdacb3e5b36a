import { decodeDumpedKey } from './dumped-key.ts'
import type { CasToken, ItemKey } from './memcache-client.ts'

/** What `lru_crawler metadump` says of one item. */
export interface MetadumpItem {
  /** As the server has it, a prefix included; bytes where they are not UTF-8. */
  readonly key: ItemKey
  /** Unix time in seconds; `undefined`: never. */
  readonly expires: number | undefined
  /** When it was last read or written, in seconds of Unix time; the server updates it once a minute at most. */
  readonly lastAccess: number
  /** CAS token. */
  readonly cas: CasToken
  /** It was read since it was stored. */
  readonly isFetched: boolean
  /** Slab class. */
  readonly slabClass: number
  /** Bytes with the key and the server's header. */
  readonly size: number
  /** Client flags; `undefined` before memcached 1.6.24. */
  readonly flags: number | undefined
}

/** Which items to dump: all by the lists of use, all by the hash table, or those of slab classes. */
export type MetadumpSelection = 'all' | 'hash' | readonly number[]

/** Old servers say nothing of class and size, and only new ones of flags. */
const LINE =
  /^key=(\S+) exp=(-?\d+) la=(\d+) cas=(\d+) fetch=(yes|no)(?: cls=(\d+))?(?: size=(\d+))?(?: flags=(\d+))?/

/** The item of a line of a dump; `undefined` for any other line. */
export function parseMetadumpLine(line: string): MetadumpItem | undefined {
  const match = LINE.exec(line)
  if (match === null) return undefined
  const expires = Number(match[2])
  const flags = match[8]
  return {
    key: decodeDumpedKey(match[1] as string),
    expires: expires < 0 ? undefined : expires,
    lastAccess: Number(match[3]),
    cas: match[4] as string,
    isFetched: match[5] === 'yes',
    slabClass: Number(match[6] ?? 0),
    size: Number(match[7] ?? 0),
    flags: flags === undefined ? undefined : Number(flags),
  }
}
