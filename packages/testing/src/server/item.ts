/** Bytes that memcached keeps for each item besides key, flags and value. */
const HEADER_LENGTH = 48
const CAS_LENGTH = 8
const FLAGS_LENGTH = 4

/** One stored item, and its place in the list of use. */
export interface Item {
  readonly key: string
  readonly slabClass: number
  flags: number
  data: Buffer
  /** Moment of expiry in server time; 0: never. */
  exptime: number
  /** A number of the server's own, or a `bigint` that a client has chosen. */
  cas: number | bigint
  /** Moment of the last use in server time, as far as memcached follows it. */
  usedAt: number
  /** It has been read. */
  fetched: boolean
  /** It has been read twice; `usedAt` stands still from then on. */
  active: boolean
  /** A caller has been told to recache it. */
  tokenSent: boolean
  stale: boolean
  /** Stored under a key that came as base64. */
  readonly binaryKey: boolean
  /** False once it was deleted, replaced or evicted. */
  linked: boolean
  /** Batch of replies, not yet sent, that refers to its data. */
  heldBy: number
  newer: Item | undefined
  older: Item | undefined
}

/** Bytes that memcached counts for an item. */
export function itemSize(keyLength: number, flags: number, dataLength: number): number {
  return (
    HEADER_LENGTH + CAS_LENGTH + keyLength + 1 + (flags === 0 ? 0 : FLAGS_LENGTH) + dataLength + 2
  )
}

export function sizeOf(item: Item): number {
  return itemSize(item.key.length, item.flags, item.data.length)
}
