import { checkNumber, checkOneOf } from '@mc/protocol/toolkit'
import type { Hasher } from './hasher.ts'
import { type NodeWeights, weightsByNode } from './node-weights.ts'

/** Options of `KetamaHash`. */
export interface KetamaHashOptions {
  /** @default none */
  readonly nodes?: Iterable<string> | undefined
  /**
   * A node's share of the keys against the others', by node name; an integer of at least 1.
   *
   * @default 1 for every node
   */
  readonly weights?: NodeWeights | undefined
  /**
   * Whose ring it is. npm `memcached`, by the package `hashring`, computes the count of a node's points in another
   * precision, so that its ring is another for some numbers of nodes, such as 7, and some weights.
   *
   * @default 'libmemcached'
   */
  readonly ring?: 'libmemcached' | 'hashring' | undefined
}

/**
 * Consistent hashing as in libmemcached's weighted ketama with md5, for clusters shared with clients
 * built on it or like it, in PHP, Ruby, Python or Node. Each node has about 160 points on a ring of
 * 32-bit numbers; a key belongs to the node of the first point at or after its own.
 *
 * With equal weights, a node that comes or goes moves its own keys only. With others the count of a
 * node's points depends on all weights, so a few keys of the rest move as well.
 *
 * D. Karger and others: Consistent Hashing and Random Trees, STOC 1997.
 */
export class KetamaHash implements Hasher {
  readonly #weights: ReadonlyMap<string, number>
  readonly #isHashring: boolean
  readonly #nodes: Set<string>
  // Loaded where it is used: a program without this ring starts sooner.
  readonly #hash: Hash = process.getBuiltinModule('node:crypto').hash
  /** Of the nodes as they are; made anew at the first look-up after a change. */
  #ring: Ring | undefined

  /** @throws TypeError for an unknown ring or what are no weights, RangeError for a weight out of range */
  constructor({ nodes = [], weights = {}, ring = 'libmemcached' }: KetamaHashOptions = {}) {
    this.#isHashring = checkOneOf('ring', ring, ['libmemcached', 'hashring']) === 'hashring'
    this.#weights = weightsByNode(weights)
    for (const [node, weight] of this.#weights) {
      checkNumber(`weight of ${node}`, weight, { integer: true, min: 1, max: 0xffffffff })
    }
    this.#nodes = new Set(nodes)
  }

  addNode(node: string): void {
    this.#nodes.add(node)
    this.#ring = undefined
  }

  removeNode(node: string): void {
    if (!this.#nodes.delete(node)) throw new RangeError(`no such node: ${node}`)
    this.#ring = undefined
  }

  getNode(key: string): string | undefined {
    const { points, owners } = this.#currentRing()
    return owners[this.#firstAtOrAfter(points, key)]
  }

  getNodes(key: string, count: number): string[] {
    const { points, owners } = this.#currentRing()
    const start = this.#firstAtOrAfter(points, key)
    const found = new Set<string>()
    for (let i = 0; i < owners.length && found.size < count; i++) {
      found.add(owners[(start + i) % owners.length]!)
    }
    return [...found]
  }

  #currentRing(): Ring {
    this.#ring ??= makeRing(
      [...this.#nodes].map((node) => [node, this.#weights.get(node) ?? 1]),
      this.#isHashring,
      this.#hash,
    )
    return this.#ring
  }

  /** 0 behind the last point: the ring is closed. */
  #firstAtOrAfter(points: Uint32Array, key: string): number {
    const target = this.#hash('md5', key, 'buffer').readUInt32LE(0)
    let low = 0
    let high = points.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (points[middle]! < target) low = middle + 1
      else high = middle
    }
    return low === points.length ? 0 : low
  }
}

type Hash = typeof import('node:crypto')['hash']

/** Points in ascending order, each with the name of its node. */
interface Ring {
  readonly points: Uint32Array
  readonly owners: readonly string[]
}

const POINTS_PER_NODE = 160
/** An md5 digest is cut into four points. */
const POINTS_PER_DIGEST = 4
const DIGESTS_PER_NODE = POINTS_PER_NODE / POINTS_PER_DIGEST

function makeRing(
  nodes: readonly (readonly [node: string, weight: number])[],
  isHashring: boolean,
  hash: Hash,
): Ring {
  const totalWeight = nodes.reduce((total, [, weight]) => total + weight, 0)
  const ring: { point: number; owner: string }[] = []
  for (const [owner, weight] of nodes) {
    const digests = isHashring
      ? Math.floor((weight / totalWeight) * DIGESTS_PER_NODE * nodes.length)
      : digestCount(weight, totalWeight, nodes.length)
    for (let i = 0; i < digests; i++) {
      const digest = hash('md5', `${ringName(owner)}-${i}`, 'buffer')
      for (let at = 0; at < digest.length; at += 4) {
        ring.push({ point: digest.readUInt32LE(at), owner })
      }
    }
  }
  ring.sort((a, b) => a.point - b.point || (a.owner < b.owner ? -1 : 1))
  return { points: Uint32Array.from(ring, (r) => r.point), owners: ring.map((r) => r.owner) }
}

/** In single precision step by step, as libmemcached computes it: the last bit decides in `floor`. */
function digestCount(weight: number, totalWeight: number, nodeCount: number): number {
  const { fround } = Math
  const share = fround(fround(weight) / fround(totalWeight))
  const digests = fround(fround(share * POINTS_PER_NODE) / POINTS_PER_DIGEST)
  return Math.floor(fround(fround(digests * nodeCount) + fround(1e-10)))
}

/** libmemcached leaves the default port out and gives a socket path the port 0. */
function ringName(node: string): string {
  const isPath = node.startsWith('/') || !node.includes(':')
  if (isPath) return `${node}:0`
  return node.endsWith(':11211') ? node.slice(0, -':11211'.length) : node
}
