import { describe, expect, test } from 'vitest'
import { type Key, MemcacheIllegalInputError } from '../src/index.ts'
import { entryPairs, keyList } from '../src/toolkit.ts'

test('what is no key is left to what checks keys', () => {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  const wrong = [['s1', 'k'], proxy, ['s1', 5], ['s2', 5], null, 7] as unknown as Key[]
  expect(keyList(wrong)).toHaveLength(6)
})

describe('the keys of one call', () => {
  const bytes = Buffer.from('k')
  const refused: readonly (readonly [string, readonly Key[]])[] = [
    [
      'two pairs',
      [
        ['s1', 'k'],
        ['s2', 'k'],
      ],
    ],
    ['a pair and a key', ['k', ['s1', 'k']]],
    ['a key and a pair far apart', [['s1', 'k'], 'a', 'b', 'k']],
    [
      'pairs of the same bytes',
      [
        ['s1', bytes],
        ['s2', bytes],
      ],
    ],
    [
      'pairs routed by bytes',
      [
        [Buffer.from('s1'), 'k'],
        [Buffer.from('s2'), 'k'],
      ],
    ],
  ]

  test.each(refused)('%s that store the same are refused', (_, keys) => {
    expect(() => keyList(keys)).toThrow(MemcacheIllegalInputError)
    expect(() => keyList(keys)).toThrow('routed differently')
    expect(() => entryPairs(keys.map((key) => [key, 1] as const))).toThrow('routed differently')
  })

  const taken: readonly (readonly [string, readonly Key[]])[] = [
    ['the same key twice', ['k', 'k']],
    [
      'the same pair twice',
      [
        ['s1', 'k'],
        ['s1', 'k'],
      ],
    ],
    [
      'the same pair twice, once routed by bytes',
      [
        ['s1', 'k'],
        [Buffer.from('s1'), 'k'],
      ],
    ],
    [
      'bytes of their own for each',
      [
        ['s1', Buffer.from('k')],
        ['s2', Buffer.from('k')],
      ],
    ],
    ['pairs routed alike', [['s1', 'a'], ['s1', 'b'], 'c']],
  ]

  test.each(taken)('%s are taken', (_, keys) => {
    expect(keyList(keys)).toEqual(keys)
    expect(entryPairs(keys.map((key) => [key, 1] as const))).toHaveLength(keys.length)
  })
})
