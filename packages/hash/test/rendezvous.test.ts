import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codePoint } from '../../../test-support/code-points.ts'
import { RendezvousHash } from '../src/index.ts'
import { chiSquare, countByNode, manyKeys, movedKeys, nodeNames } from './placement.ts'
import { referenceMurmur3 } from './reference-murmur3.ts'
import { hashVectors } from './vectors.ts'

const { lists, afterRemoving, tieBreak } = hashVectors.rendezvous

describe('placement', () => {
  it.each(lists)('is that of pymemcache on $nodes', ({ nodes, placements }) => {
    const hasher = new RendezvousHash({ nodes })
    for (const { hashedSuffix, winner, scores } of placements) {
      const key = hashedSuffix.slice(1)
      expect(hasher.getNode(key)).toBe(winner)
      const ranking = nodes.toSorted(
        (a, b) => scores[nodes.indexOf(b)]! - scores[nodes.indexOf(a)]!,
      )
      expect(hasher.getNodes(key, nodes.length)).toEqual(ranking)
    }
  })

  it('is that of pymemcache after a node was removed', () => {
    const hasher = new RendezvousHash({ nodes: afterRemoving.nodes })
    hasher.removeNode(afterRemoving.removed)
    for (const [key, winner] of Object.entries(afterRemoving.winners)) {
      expect(hasher.getNode(key)).toBe(winner)
    }
  })

  it('is fixed by example', () => {
    const hasher = new RendezvousHash({ nodes: ['0', '1', '2'] })
    expect(['ok', 'mykey', 'wat', 'lol'].map((key) => hasher.getNode(key))).toEqual([
      '0',
      '1',
      '2',
      '2',
    ])
    hasher.addNode('3')
    expect(['ok', 'mykey', 'wat', 'lol'].map((key) => hasher.getNode(key))).toEqual([
      '0',
      '1',
      '2',
      '3',
    ])
    hasher.removeNode('1')
    expect(hasher.getNode('mykey')).toBe('0')
  })

  it('agrees with a reference implementation for any nodes, key and seed', () => {
    const anyText = fc.string({ unit: codePoint, maxLength: 40 })
    const anyNodes = fc.uniqueArray(anyText, { minLength: 1, maxLength: 12 })
    const anySeed = fc.integer({ min: 0, max: 0xffffffff })
    fc.assert(
      fc.property(anyNodes, anyText, anySeed, (nodes, key, seed) => {
        const ranking = referenceRanking(nodes, key, seed)
        const hasher = new RendezvousHash({ nodes, seed })
        expect(hasher.getNode(key)).toBe(ranking[0])
        expect(hasher.getNodes(key, 3)).toEqual(ranking.slice(0, 3))
      }),
    )
  })

  it('takes keys of any length, longer ones than any that memcached stores too', () => {
    // Their names end in blocks of one to four bytes.
    const nodes = ['a', 'bb', 'ccc', 'dddd', ...nodeNames(2)]
    const hasher = new RendezvousHash({ nodes })
    const keys = Array.from({ length: 300 }, (_, i) => 'user:profile:'.repeat(24).slice(0, i))
    for (const key of [...keys, ...keys.map((it) => `${it}é`), 'x'.repeat(10_000), 'short']) {
      expect(hasher.getNode(key)).toBe(referenceRanking(nodes, key, 0)[0])
    }
  })

  it('gives all keys to the only node', () => {
    for (const key of ['', 'key', 'é'.repeat(257)]) {
      expect(new RendezvousHash({ nodes: ['only'] }).getNode(key)).toBe('only')
    }
  })

  it('does not depend on the order of the nodes', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(nodeNames(6), { minLength: 6 }),
        fc.string(),
        (nodes, key) => {
          expect(new RendezvousHash({ nodes }).getNode(key)).toBe(
            new RendezvousHash({ nodes: nodeNames(6) }).getNode(key),
          )
        },
      ),
    )
  })
})

describe('equal scores', () => {
  // A hash below 0 is no hash: there, pymemcache answers the text None, or no node at all.
  it.each(tieBreak.filter(({ constantHash }) => constantHash >= 0))(
    'give the key to the greater name by code points: $winner of $nodes',
    ({ nodes, constantHash, winner }) => {
      for (const order of [nodes, nodes.toReversed()]) {
        const hasher = new RendezvousHash({ nodes: order, hashFunction: () => constantHash })
        expect(hasher.getNode('key')).toBe(winner)
        expect(hasher.getNodes('key', 1)).toEqual([winner])
      }
    },
  )

  it('are broken the same way under weights', () => {
    const nodes = ['b', 'c', 'a']
    const weights = { a: 2, b: 2, c: 2 }
    expect(new RendezvousHash({ nodes, weights, hashFunction: () => 7 }).getNode('key')).toBe('c')
  })
})

describe('nodes', () => {
  it('are none to begin with, and then there is no choice', () => {
    const hasher = new RendezvousHash()
    expect(hasher.getNode('key')).toBeUndefined()
    expect(hasher.getNodes('key', 3)).toEqual([])
  })

  it('are kept once when added twice', () => {
    const hasher = new RendezvousHash({ nodes: ['a', 'a'] })
    hasher.addNode('a')
    hasher.removeNode('a')
    expect(hasher.getNode('key')).toBeUndefined()
  })

  it('cannot be removed twice', () => {
    const hasher = new RendezvousHash({ nodes: ['a', 'b'] })
    hasher.removeNode('b')
    expect(() => hasher.removeNode('b')).toThrow(new RangeError('no such node: b'))
    expect(hasher.getNode('key')).toBe('a')
  })

  it('are not taken from the array that was given, when it changes later', () => {
    const nodes = ['a']
    const hasher = new RendezvousHash({ nodes })
    nodes[0] = 'b'
    expect(hasher.getNode('key')).toBe('a')
  })
})

describe('options', () => {
  it('seed goes to the hash function, with node-key', () => {
    const calls: unknown[] = []
    const hashFunction = (text: string, seed: number) => calls.push([text, seed])
    new RendezvousHash({ nodes: ['n'], seed: 10, hashFunction }).getNode('k')
    expect(calls).toEqual([['n-k', 10]])
  })

  it.each([-1, 1.5, 2 ** 32, Number.NaN])('seed %d is refused', (seed) => {
    expect(() => new RendezvousHash({ seed })).toThrow(RangeError)
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('weight %d is refused', (weight) => {
    expect(() => new RendezvousHash({ weights: { a: weight } })).toThrow(RangeError)
  })
})

describe('movement and distribution', () => {
  const nodes = nodeNames(10)

  it('gives a new node one share of 100,000 keys within 2 %, all from others to it', () => {
    const hasher = new RendezvousHash({ nodes })
    const moved = movedKeys(hasher, () => hasher.addNode('10.0.1.1:11211'))
    expect(new Set(moved.map(({ to }) => to))).toEqual(new Set(['10.0.1.1:11211']))
    expect(Math.abs(moved.length / manyKeys.length - 1 / 11)).toBeLessThan(0.02 / 11)
  })

  it('gives the share of a removed node to the others, and moves no other key', () => {
    const hasher = new RendezvousHash({ nodes })
    const moved = movedKeys(hasher, () => hasher.removeNode(nodes[3]!))
    expect(new Set(moved.map(({ from }) => from))).toEqual(new Set([nodes[3]]))
    expect(Math.abs(moved.length / manyKeys.length - 1 / 10)).toBeLessThan(0.02 / 10)
  })

  it.each([
    { change: 'grown from 10 to 20', from: 10, to: 20, moved: 531 },
    { change: 'shrunk from 10 to 9', from: 10, to: 9, moved: 101 },
  ])('moves as many of 1,000 keys as pymemcache when $change', ({ from, to, moved }) => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => String(i))
    const before = new RendezvousHash({ nodes: names(from) })
    const after = new RendezvousHash({ nodes: names(to) })
    const keys = names(1000)
    expect(keys.filter((key) => before.getNode(key) !== after.getNode(key))).toHaveLength(moved)
  })

  it('spreads 100,000 keys evenly: chi-square over 10 nodes below 27.9, which chance passes once in 1,000', () => {
    const counts = countByNode(new RendezvousHash({ nodes }))
    const share = manyKeys.length / nodes.length
    expect(chiSquare(nodes.map((node) => [counts.get(node) ?? 0, share]))).toBeLessThan(27.9)
  })
})

describe('weights', () => {
  const nodes = nodeNames(4)
  const weightOf = [1, 2, 3, 4]
  const weights = Object.fromEntries(nodes.map((node, i) => [node, weightOf[i]!]))

  it('share the keys in proportion: chi-square over 4 nodes below 16.3, which chance passes once in 1,000', () => {
    const counts = countByNode(new RendezvousHash({ nodes, weights }))
    expect(
      chiSquare(
        nodes.map((node, i) => [counts.get(node) ?? 0, (manyKeys.length * weightOf[i]!) / 10]),
      ),
    ).toBeLessThan(16.3)
  })

  it('when equal leave the placement as it is without', () => {
    const equal = Object.fromEntries(nodes.map((node) => [node, 2.5]))
    const weighted = new RendezvousHash({ nodes, weights: equal })
    const plain = new RendezvousHash({ nodes })
    for (const key of manyKeys.slice(0, 1000)) {
      expect(weighted.getNodes(key, 4)).toEqual(plain.getNodes(key, 4))
    }
  })

  it('when raised for one node move keys to that node only', () => {
    const before = new RendezvousHash({ nodes, weights })
    const after = new RendezvousHash({ nodes, weights: { ...weights, [nodes[1]!]: 5 } })
    const moved = manyKeys.filter((key) => before.getNode(key) !== after.getNode(key))
    expect(moved.length).toBeGreaterThan(0)
    expect(new Set(moved.map((key) => after.getNode(key)))).toEqual(new Set([nodes[1]]))
  })

  it('take both ends of what the hash function answers', () => {
    const heaviestFirst = Object.fromEntries(nodes.map((node, i) => [node, 4 - i]))
    for (const hash of [0, 0xffffffff]) {
      const hashFunction = () => hash
      const hasher = new RendezvousHash({ nodes, weights: heaviestFirst, hashFunction })
      expect(hasher.getNodes('key', 4)).toEqual(nodes)
    }
  })
})

function referenceRanking(nodes: readonly string[], key: string, seed: number): string[] {
  const scored = nodes.map((node) => ({ node, score: referenceMurmur3(`${node}-${key}`, seed) }))
  scored.sort(
    (a, b) => b.score - a.score || Buffer.compare(Buffer.from(b.node), Buffer.from(a.node)),
  )
  return scored.map(({ node }) => node)
}

it('takes and drops 40,000 nodes one by one in no time', () => {
  const names = Array.from({ length: 40_000 }, (_, i) => `node-${i}.test:11211`)
  const hasher = new RendezvousHash()
  const start = performance.now()
  for (const name of [...names, ...names]) hasher.addNode(name)
  const placed = hasher.getNode('key')
  for (const name of names.slice(1)) hasher.removeNode(name)
  // A list that is searched for each node took a minute.
  expect(performance.now() - start).toBeLessThan(10_000)
  expect(names).toContain(placed)
  expect(hasher.getNode('key')).toBe(names[0])
})
