/** MurmurHash3_x86_32 written for being checked by eye: exact integers, one array of bytes, no state kept. */
export function referenceMurmur3(text: string, seed: number): number {
  const bytes = Array.from(text, (character) => BigInt(character.codePointAt(0)! & 0xff))
  let hash = BigInt(seed)
  for (let at = 0; at < bytes.length; at += 4) {
    let word = 0n
    for (const byte of bytes.slice(at, at + 4).reverse()) word = (word << 8n) | byte
    word = uint32(rotateLeft(uint32(word * 0xcc9e2d51n), 15n) * 0x1b873593n)
    hash ^= word
    if (at + 4 <= bytes.length) hash = uint32(rotateLeft(hash, 13n) * 5n + 0xe6546b64n)
  }
  hash ^= BigInt(bytes.length)
  hash = uint32((hash ^ (hash >> 16n)) * 0x85ebca6bn)
  hash = uint32((hash ^ (hash >> 13n)) * 0xc2b2ae35n)
  return Number(hash ^ (hash >> 16n))
}

const uint32 = (value: bigint) => BigInt.asUintN(32, value)
const rotateLeft = (value: bigint, bits: bigint) =>
  uint32((value << bits) | (value >> (32n - bits)))
