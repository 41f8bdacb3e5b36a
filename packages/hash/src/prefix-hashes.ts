import { finish, littleEndian, mixBlock, scramble, writeLowBytes } from './murmur3.ts'

/**
 * `murmur3_32` of many texts that end alike: of each prefix followed by one text.
 *
 * The state after each prefix is computed once. What is left of a prefix behind its last whole block
 * shifts the text against the blocks, so prefixes are grouped by that: within a group all blocks of
 * the text but the first are the same and are scrambled once.
 */
export class PrefixHashes {
  readonly #groups: readonly PrefixGroup[]
  readonly #hashes: Uint32Array
  #bytes: Uint8Array = new Uint8Array(256)
  #view: DataView = new DataView(this.#bytes.buffer)
  #blocks: Int32Array = new Int32Array(64)

  constructor(prefixes: readonly string[], seed: number) {
    this.#hashes = new Uint32Array(prefixes.length)
    this.#groups = groupByTail(prefixes, seed)
  }

  /** One hash for each prefix, in their order. The array is overwritten by the next call. */
  of(text: string): Uint32Array {
    if (text.length > this.#bytes.length) this.#grow(text.length)
    const length = writeLowBytes(text, this.#bytes)
    for (const group of this.#groups) this.#hashGroup(group, length)
    return this.#hashes
  }

  #hashGroup({ tailLength, prefixes }: PrefixGroup, length: number): void {
    const bytes = this.#bytes
    const blocks = this.#blocks
    const hashes = this.#hashes
    let at = Math.min(4 - tailLength, length)
    const head = littleEndian(bytes, 0, at) << (8 * tailLength)
    if (tailLength + length < 4) {
      for (const prefix of prefixes) {
        const hash = prefix.hash ^ scramble(prefix.tail | head)
        hashes[prefix.index] = finish(hash, prefix.length + length)
      }
      return
    }
    let blockCount = 0
    for (; at + 4 <= length; at += 4) {
      blocks[blockCount++] = scramble(this.#view.getInt32(at, true))
    }
    const rest = scramble(littleEndian(bytes, at, length))
    for (const prefix of prefixes) {
      let hash = mixBlock(prefix.hash, scramble(prefix.tail | head))
      for (let i = 0; i < blockCount; i++) hash = mixBlock(hash, blocks[i]!)
      hashes[prefix.index] = finish(hash ^ rest, prefix.length + length)
    }
  }

  #grow(length: number): void {
    this.#bytes = new Uint8Array(length)
    this.#view = new DataView(this.#bytes.buffer)
    this.#blocks = new Int32Array(length >>> 2)
  }
}

/** The state of the hash after a prefix. */
interface HashedPrefix {
  readonly index: number
  readonly hash: number
  /** The bytes behind the last whole block. */
  readonly tail: number
  /** In bytes, tail included. */
  readonly length: number
}

interface PrefixGroup {
  /** Bytes in each tail, 0 to 3. */
  readonly tailLength: number
  readonly prefixes: HashedPrefix[]
}

function groupByTail(prefixes: readonly string[], seed: number): PrefixGroup[] {
  const groups: PrefixGroup[] = [0, 1, 2, 3].map((tailLength) => ({ tailLength, prefixes: [] }))
  for (const [index, prefix] of prefixes.entries()) {
    const bytes = new Uint8Array(prefix.length)
    const length = writeLowBytes(prefix, bytes)
    let hash = seed | 0
    let at = 0
    for (; at + 4 <= length; at += 4) {
      hash = mixBlock(hash, scramble(littleEndian(bytes, at, at + 4)))
    }
    const tail = littleEndian(bytes, at, length)
    groups[length - at]!.prefixes.push({ index, hash, tail, length })
  }
  return groups.filter((group) => group.prefixes.length > 0)
}
