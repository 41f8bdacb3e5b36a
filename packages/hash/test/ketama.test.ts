import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KetamaHash, RendezvousHash } from '../src/index.ts'
import { countByNode, manyKeys, movedKeys, nodeNames } from './placement.ts'
import { ketamaVectors } from './vectors.ts'

describe('placement', () => {
  it.each(ketamaVectors.lists)(
    'is that of libmemcached on $nodes with the weights $weights',
    ({ nodes, weights, placements }) => {
      const hasher = new KetamaHash({ nodes, weights })
      const chosen = ketamaVectors.keys.map((key) => hasher.getNode(key))
      expect(chosen).toEqual(placements.map((index) => nodes[index]))
    },
  )

  it('does not depend on the order of the nodes', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(nodeNames(5), { minLength: 5 }),
        fc.string(),
        (nodes, key) => {
          expect(new KetamaHash({ nodes }).getNode(key)).toBe(
            new KetamaHash({ nodes: nodeNames(5) }).getNode(key),
          )
        },
      ),
    )
  })

  it('gives weighted nodes about their share', () => {
    const nodes = nodeNames(3)
    const counts = countByNode(new KetamaHash({ nodes, weights: { [nodes[2]!]: 2 } }))
    // 160 points a node leave shares about 8 % of their size off, one time in three.
    expect(counts.get(nodes[2])! / manyKeys.length).toBeGreaterThan(0.4)
    expect(counts.get(nodes[2])! / manyKeys.length).toBeLessThan(0.6)
  })
})

describe('nodes', () => {
  it('are none to begin with, and then there is no choice', () => {
    const hasher = new KetamaHash()
    expect(hasher.getNode('key')).toBeUndefined()
    expect(hasher.getNodes('key', 2)).toEqual([])
  })

  it('are kept once when added twice, and cannot be removed twice', () => {
    const hasher = new KetamaHash({ nodes: ['a:1', 'a:1'] })
    hasher.addNode('a:1')
    hasher.removeNode('a:1')
    expect(hasher.getNode('key')).toBeUndefined()
    expect(() => hasher.removeNode('a:1')).toThrow(new RangeError('no such node: a:1'))
  })

  it('move their own keys only when they come or go', () => {
    const nodes = nodeNames(5)
    const hasher = new KetamaHash({ nodes })
    const keys = manyKeys.slice(0, 10_000)
    const added = movedKeys(hasher, () => hasher.addNode('10.0.1.1:11211'), keys)
    expect(new Set(added.map(({ to }) => to))).toEqual(new Set(['10.0.1.1:11211']))
    const removed = movedKeys(hasher, () => hasher.removeNode(nodes[0]!), keys)
    expect(new Set(removed.map(({ from }) => from))).toEqual(new Set([nodes[0]]))
  })

  it('are ranked in the order in which they take over a key', () => {
    const hasher = new KetamaHash({ nodes: nodeNames(5) })
    for (const key of manyKeys.slice(0, 100)) {
      const ranking = hasher.getNodes(key, 9)
      expect(new Set(ranking).size).toBe(5)
      expect(hasher.getNode(key)).toBe(ranking[0])
      const without = new KetamaHash({ nodes: ranking.slice(1) })
      expect(without.getNode(key)).toBe(ranking[1])
    }
  })
})

it.each([5, 'a', null, ['a'], [5]])('refuses %j as weights', (weights) => {
  for (const Hasher of [KetamaHash, RendezvousHash]) {
    expect(() => new Hasher({ weights: weights as never })).toThrow(TypeError)
  }
})

it.each([0, -1, 1.5, 2 ** 32, Number.NaN])('refuses the weight %d', (weight) => {
  expect(() => new KetamaHash({ weights: { a: weight } })).toThrow(RangeError)
})
