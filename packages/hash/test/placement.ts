import type { Hasher } from '../src/index.ts'

/** 100,000 keys as applications make them. */
export const manyKeys: readonly string[] = Array.from({ length: 100_000 }, (_, i) => `user:${i}`)

export function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}:11211`)
}

export function countByNode(hasher: Hasher): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>()
  for (const key of manyKeys) {
    const node = hasher.getNode(key)
    counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  return counts
}

export interface Move {
  readonly from: string | undefined
  readonly to: string | undefined
}

/** Where keys went whose node is another after the change. */
export function movedKeys(hasher: Hasher, change: () => void, keys = manyKeys): Move[] {
  const before = keys.map((key) => hasher.getNode(key))
  change()
  return keys
    .map((key, i) => ({ from: before[i], to: hasher.getNode(key) }))
    .filter(({ from, to }) => from !== to)
}

export function chiSquare(cells: readonly (readonly [count: number, expected: number])[]): number {
  return cells.reduce((sum, [count, expected]) => sum + (count - expected) ** 2 / expected, 0)
}
