/**
 * MurmurHash3_x86_32 by Austin Appleby, as an unsigned 32-bit number.
 *
 * A string is hashed by one byte per code point, the low one, as pymemcache does: ASCII gives the
 * reference hash, `'é'` is the byte 0xE9 and not its UTF-8, and a code point above U+FFFF is one byte.
 *
 * @param seed - an unsigned 32-bit number
 */
export function murmur3_32(data: string | Uint8Array, seed = 0): number {
  const bytes = typeof data === 'string' ? new Uint8Array(data.length) : data
  const length = typeof data === 'string' ? writeLowBytes(data, bytes) : data.length
  let hash = seed | 0
  let at = 0
  for (; at + 4 <= length; at += 4) hash = mixBlock(hash, scramble(littleEndian(bytes, at, at + 4)))
  return finish(hash ^ scramble(littleEndian(bytes, at, length)), length)
}

const utf8 = new TextEncoder()

/** From this length on, in characters, a call of native code takes less time than a loop over them. */
const LONG = 16

/**
 * Writes the low byte of each code point and answers how many there are: at most `text.length`.
 *
 * The low byte of a surrogate pair's code point is that of its second half.
 */
export function writeLowBytes(text: string, into: Uint8Array): number {
  if (text.length >= LONG) {
    const { read, written } = utf8.encodeInto(text, into)
    // Only ASCII has as many bytes in UTF-8 as it has characters.
    if (read === text.length && written === read) return read
  }
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i)
    if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      unit = text.charCodeAt(++i)
    }
    into[length++] = unit
  }
  return length
}

/** The bytes from `start` to `end`, at most four, as a number whose lowest byte is the first. */
export function littleEndian(bytes: Uint8Array, start: number, end: number): number {
  let word = 0
  for (let at = start, shift = 0; at < end; at++, shift += 8) word |= bytes[at]! << shift
  return word
}

/** A block of four bytes, or what is left at the end, made ready to enter the hash. 0 stays 0. */
export function scramble(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}

/** The hash after a scrambled whole block. */
export function mixBlock(hash: number, scrambled: number): number {
  const mixed = hash ^ scrambled
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

/** The result from the state and the length of everything hashed, in bytes. */
export function finish(hash: number, length: number): number {
  let result = hash ^ length
  result = Math.imul(result ^ (result >>> 16), 0x85ebca6b)
  result = Math.imul(result ^ (result >>> 13), 0xc2b2ae35)
  return (result ^ (result >>> 16)) >>> 0
}
