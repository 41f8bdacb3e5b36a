import type { Hasher } from './hasher.ts'

/**
 * The placement of npm `memjs`: the hash of the key, modulo the number of nodes, is the index of its node. So the order
 * of the nodes matters, and a fleet of another size places nearly every key anew: for clusters shared with memjs only.
 *
 * A node that is removed keeps its index, and its keys belong to the next node that is there, as in memjs while a
 * server is down. For a fleet without the node make a new `ModuloHash`.
 */
export class ModuloHash implements Hasher {
  readonly #order: string[]
  readonly #nodes: Set<string>

  /** `nodes` are in the order of memjs' server list, none by default. */
  constructor({ nodes = [] }: { readonly nodes?: Iterable<string> | undefined } = {}) {
    this.#nodes = new Set(nodes)
    this.#order = [...this.#nodes]
  }

  addNode(node: string): void {
    if (!this.#order.includes(node)) this.#order.push(node)
    this.#nodes.add(node)
  }

  removeNode(node: string): void {
    if (!this.#nodes.delete(node)) throw new RangeError(`no such node: ${node}`)
  }

  getNode(key: string): string | undefined {
    const { length } = this.#order
    const first = hashCode(key)
    for (let i = 0; i < length; i++) {
      const node = this.#order[(first + i) % length]!
      if (this.#nodes.has(node)) return node
    }
    return undefined
  }

  getNodes(key: string, count: number): string[] {
    const { length } = this.#order
    const first = hashCode(key)
    const ranked = this.#order.map((_, i) => this.#order[(first + i) % length]!)
    return ranked.filter((node) => this.#nodes.has(node)).slice(0, count)
  }
}

/** The hash of Java's `String.hashCode` without its sign. */
function hashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return Math.abs(hash)
}
