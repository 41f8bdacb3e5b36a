import { checkFunction, checkNumber } from '@mc/protocol/toolkit'
import type { Hasher } from './hasher.ts'
import { murmur3_32 } from './murmur3.ts'
import { type NodeWeights, weightsByNode } from './node-weights.ts'
import { PrefixHashes } from './prefix-hashes.ts'

/** Options of `RendezvousHash`. */
export interface RendezvousHashOptions {
  /** @default none */
  readonly nodes?: Iterable<string> | undefined
  /** Seed of the hash function, an unsigned 32-bit number. @default 0 */
  readonly seed?: number | undefined
  /** Answers an unsigned 32-bit number. @default murmur3_32 */
  readonly hashFunction?: ((text: string, seed: number) => number) | undefined
  /**
   * A node's share of the keys against the others', by node name; above 0.
   *
   * @default 1 for every node
   */
  readonly weights?: NodeWeights | undefined
}

/**
 * Rendezvous hashing, also known as highest random weight: every node scores every key by the hash of
 * `node-key`, and the highest score wins; of equal scores, that of the greater name by code points. A
 * node that comes or goes moves its own keys only. Without weights, or with equal ones, the placement
 * is pymemcache's.
 *
 * D. Thaler, C. Ravishankar: Using Name-Based Mappings to Increase Hit Rates, IEEE/ACM Transactions
 * on Networking 6(1), 1998. Weights by the logarithmic method, a score of -weight / ln(hash) with the
 * hash scaled to (0, 1): C. Schindelhauer, G. Schomaker: Weighted Distributed Hash Tables, SPAA 2005.
 */
export class RendezvousHash implements Hasher {
  readonly #seed: number
  /** Another than murmur3. */
  readonly #hashFunction: ((text: string, seed: number) => number) | undefined
  readonly #weights: ReadonlyMap<string, number> | undefined
  readonly #set: Set<string>
  /** The nodes as they are, and their hashes; made anew at the first look-up after a change. */
  #list: readonly string[] | undefined
  #prefixHashes: PrefixHashes | undefined

  /** @throws TypeError for what are no weights, RangeError for a seed or weight out of range */
  constructor(options: RendezvousHashOptions = {}) {
    const { nodes = [], seed = 0, hashFunction, weights } = options
    this.#seed = checkNumber('seed', seed, { integer: true, min: 0, max: 0xffffffff })
    const given = checkFunction('hashFunction', hashFunction)
    this.#hashFunction = given === murmur3_32 ? undefined : given
    this.#weights = weights === undefined ? undefined : checkedWeights(weights)
    this.#set = new Set(nodes)
  }

  addNode(node: string): void {
    this.#set.add(node)
    this.#forget()
  }

  removeNode(node: string): void {
    if (!this.#set.delete(node)) throw new RangeError(`no such node: ${node}`)
    this.#forget()
  }

  getNode(key: string): string | undefined {
    // A hash function that was given may refuse keys.
    if (this.#nodes.length === 1 && this.#hashFunction === undefined) return this.#nodes[0]
    const scores = this.#scores(key)
    let best = 0
    for (let i = 1; i < scores.length; i++) {
      const score = scores[i]!
      if (score > scores[best]! || (score === scores[best] && this.#isGreater(i, best))) best = i
    }
    return this.#nodes[best]
  }

  getNodes(key: string, count: number): string[] {
    const scores = this.#scores(key)
    const ranking = this.#nodes.map((_, i) => i)
    ranking.sort((a, b) => scores[b]! - scores[a]! || (this.#isGreater(a, b) ? -1 : 1))
    return ranking.slice(0, count).map((i) => this.#nodes[i]!)
  }

  get #nodes(): readonly string[] {
    this.#list ??= [...this.#set]
    return this.#list
  }

  #forget(): void {
    this.#list = undefined
    this.#prefixHashes = undefined
  }

  #scores(key: string): ArrayLike<number> {
    const hashes = this.#hashes(key)
    const weights = this.#weights
    if (weights === undefined) return hashes
    return this.#nodes.map((node, i) => {
      // Half a step away from both ends: the logarithm of 0 and that of 1 are no scores.
      return -(weights.get(node) ?? 1) / Math.log((hashes[i]! + 0.5) / 2 ** 32)
    })
  }

  #hashes(key: string): ArrayLike<number> {
    const hashFunction = this.#hashFunction
    if (hashFunction !== undefined) {
      return this.#nodes.map((node) => hashFunction(`${node}-${key}`, this.#seed))
    }
    this.#prefixHashes ??= new PrefixHashes(
      this.#nodes.map((node) => `${node}-`),
      this.#seed,
    )
    return this.#prefixHashes.of(key)
  }

  /** By code points, whose order UTF-8 keeps and UTF-16 does not. */
  #isGreater(index: number, than: number): boolean {
    return Buffer.compare(Buffer.from(this.#nodes[index]!), Buffer.from(this.#nodes[than]!)) > 0
  }
}

function checkedWeights(weights: NodeWeights): Map<string, number> {
  const checked = weightsByNode(weights)
  for (const [node, weight] of checked) {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new RangeError(`weight of ${node} must be a number above 0, got ${weight}`)
    }
  }
  return checked
}
