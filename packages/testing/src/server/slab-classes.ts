const SMALLEST = 96
const GROWTH = 1.25
const LARGEST = 524_288
const PAGE = 1_048_576

/** Chunk sizes of memcached's default slab classes; class 1 is the first. */
const SIZES: readonly number[] = chunkSizes()

/** Slab class of an item of so many bytes. */
export function slabClass(size: number): number {
  const index = SIZES.findIndex((chunk) => size <= chunk)
  return index === -1 ? SIZES.length : index + 1
}

/** Bytes of a chunk, and chunks to a page of 1 MiB. */
export function slabChunk(id: number): { readonly size: number; readonly perPage: number } {
  const size = SIZES[id - 1] ?? LARGEST
  return { size, perPage: Math.floor(PAGE / size) }
}

/** True for items that memcached keeps in several chunks, and will not count with. */
export function isChunked(size: number): boolean {
  return size > LARGEST
}

function chunkSizes(): number[] {
  const sizes: number[] = []
  for (let size = SMALLEST; size < LARGEST / GROWTH; size = Math.floor(size * GROWTH)) {
    if (size % 8 !== 0) size += 8 - (size % 8)
    sizes.push(size)
  }
  sizes.push(LARGEST)
  return sizes
}
