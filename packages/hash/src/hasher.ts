/**
 * Chooses the node for a key. The same nodes and key give the same choice in every process, whatever
 * the order in which nodes were added.
 *
 * `HashClient` names a node `host:port`, an IPv6 host without brackets, or by the path of its socket.
 */
export interface Hasher {
  /** Does nothing if the node is there already. */
  addNode(node: string): void
  /** @throws RangeError if there is no such node */
  removeNode(node: string): void
  /** `undefined` if there are no nodes. */
  getNode(key: string): string | undefined
  /**
   * The first `count` nodes in the order in which they would take over the key, that of `getNode`
   * first; all of them if there are fewer. `HashClient` does not call it.
   */
  getNodes?(key: string, count: number): string[]
}
