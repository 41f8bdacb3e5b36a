import { describe, expect, it } from 'vitest'
import { ModuloHash } from '../src/index.ts'
import { manyKeys, movedKeys, nodeNames } from './placement.ts'

describe('ModuloHash', () => {
  it('has no choice without nodes', () => {
    const hasher = new ModuloHash()
    expect(hasher.getNode('key')).toBeUndefined()
    expect(hasher.getNodes('key', 2)).toEqual([])
  })

  it('gives the keys of a removed node to the next, and back when it returns', () => {
    const nodes = nodeNames(4)
    const hasher = new ModuloHash({ nodes })
    const before = manyKeys.map((key) => hasher.getNode(key))
    const moved = movedKeys(hasher, () => hasher.removeNode(nodes[3]!))
    expect(new Set(moved.map(({ from, to }) => `${from} to ${to}`))).toEqual(
      new Set([`${nodes[3]} to ${nodes[0]}`]),
    )
    hasher.addNode(nodes[3]!)
    expect(manyKeys.map((key) => hasher.getNode(key))).toEqual(before)
  })

  it('ranks the nodes in their order, each once', () => {
    const nodes = nodeNames(3)
    const hasher = new ModuloHash({ nodes: [...nodes, ...nodes] })
    for (const key of manyKeys.slice(0, 50)) {
      const first = nodes.indexOf(hasher.getNode(key)!)
      expect(hasher.getNodes(key, 9)).toEqual([...nodes.slice(first), ...nodes.slice(0, first)])
    }
  })

  it('refuses to remove a node that is not there', () => {
    expect(() => new ModuloHash().removeNode('a:1')).toThrow(new RangeError('no such node: a:1'))
  })
})
