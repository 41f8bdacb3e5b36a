import type { Namespace } from '../kit/namespace.ts'

/**
 * Namespaces below one another. A key belongs to the deepest of them that its path leads through, from wherever it is
 * named: `posts:1` of `users` is `users:posts:1` of the root, and cleared with `users`, and with `users:posts` once there
 * is such a namespace.
 */
export class NamespaceTree {
  readonly space: Namespace
  readonly #children = new Map<string, NamespaceTree>()

  constructor(space: Namespace) {
    this.space = space
  }

  /** The namespace at a path of names, which exists from now on. */
  at(path: readonly string[]): NamespaceTree {
    const [name, ...rest] = path
    if (name === undefined) return this
    let child = this.#children.get(name)
    if (child === undefined) {
      child = new NamespaceTree(this.space.child(`${this.space.name}:${name}`))
      this.#children.set(name, child)
    }
    return child.at(rest)
  }

  /** The namespace that a key belongs to. */
  of(key: string): Namespace {
    const end = key.indexOf(':')
    const child = end < 0 ? undefined : this.#children.get(key.slice(0, end))
    return child === undefined ? this.space : child.of(key.slice(end + 1))
  }
}
