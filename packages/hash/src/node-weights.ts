import { mustBe } from '@mc/protocol/toolkit'

/** Weights by node name: an object, or a list of `[node, weight]` such as a `Map` is. */
export type NodeWeights =
  | Readonly<Record<string, number>>
  | Iterable<readonly [node: string, weight: number]>

/** @throws TypeError unless it is an object, or a list of pairs */
export function weightsByNode(weights: NodeWeights): Map<string, number> {
  if (typeof weights !== 'object' || weights === null) mustBe('weights', ALLOWED, weights)
  if (!isList(weights)) return new Map(Object.entries(weights))
  const pairs = [...weights]
  for (const pair of pairs) if (!Array.isArray(pair)) mustBe('weights', ALLOWED, pair)
  return new Map(pairs)
}

const ALLOWED = 'an object of weights by node, or a list of [node, weight]'

function isList(weights: NodeWeights): weights is Iterable<readonly [string, number]> {
  return Symbol.iterator in weights
}
