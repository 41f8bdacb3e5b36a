import { AlikeKeys } from './alike-keys.ts'
import { tooDeep } from './malformed-pickle.ts'
import { PickleNode } from './pickle-node.ts'

interface Level {
  readonly node: PickleNode
  readonly inside: readonly unknown[]
  next: number
  height: number
}

/**
 * Turns a node and all that it refers to into values, each once, innermost first. It does not recurse: the depth is
 * that of others' data.
 *
 * @throws MalformedPickle where more than `maxDepth` levels are nested
 */
export function finishedValue(root: unknown, maxDepth: number): unknown {
  if (!(root instanceof PickleNode)) return root
  const alikeKeys = new AlikeKeys()
  const path: Level[] = [enter(root)]
  for (let level = path.at(-1); level !== undefined; level = path.at(-1)) {
    if (level.next < level.inside.length) {
      const child = level.inside[level.next++]
      if (!(child instanceof PickleNode)) continue
      if (child.height >= 0) level.height = Math.max(level.height, child.height)
      else if (path.length < maxDepth) path.push(enter(child))
      else throw tooDeep(maxDepth)
    } else {
      path.pop()
      const { node, height } = level
      node.finish(alikeKeys)
      node.height = height + 1
      if (node.height > maxDepth) throw tooDeep(maxDepth)
      const parent = path.at(-1)
      if (parent !== undefined) parent.height = Math.max(parent.height, node.height)
    }
  }
  return root.value
}

function enter(node: PickleNode): Level {
  node.height = 0
  return { node, inside: node.open(), next: 0, height: 0 }
}
