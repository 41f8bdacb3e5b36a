import { crc32 } from 'node:zlib'
import type { Hasher } from '@mc/hash'

/** Bits of the checksum that choose the node, as in python-memcached and clients that share its clusters. */
const SHIFT = 16
const MASK = 0x7fff

/**
 * The placement of python-memcached: the key's CRC-32, modulo the number of nodes, is the index of its node. A new node
 * moves almost every key. `ModuloHash` of @mc/hash is memjs', with another checksum.
 */
export class PythonMemcachedHash implements Hasher {
  readonly #nodes: string[] = []

  addNode(node: string): void {
    if (!this.#nodes.includes(node)) this.#nodes.push(node)
  }

  removeNode(node: string): void {
    const at = this.#nodes.indexOf(node)
    if (at < 0) throw new RangeError(`no such node: ${node}`)
    this.#nodes.splice(at, 1)
  }

  getNode(key: string): string | undefined {
    return this.#nodes[((crc32(key) >>> SHIFT) & MASK) % this.#nodes.length]
  }
}
