import { type Address, addressName, parseAddress } from '@mc/protocol'
import { isIP } from './is-ip.ts'
import type { ClusterNode } from './source.ts'

/**
 * What a node is called, and so which keys it has. `host`: `host:port`, so that no key moves when a node
 * gets another IP address. `ip`: `ip:port`, as pymemcache's AWSDiscoveringHashClient has it by default.
 */
export type NodeNaming = 'host' | 'ip'

/** A node, and the address that gives it its name. */
export interface NamedNode extends ClusterNode {
  readonly namedBy: Address
}

/** The nodes by name. @throws Error that says what is wrong with the list */
export function nodesByName(
  nodes: readonly ClusterNode[],
  naming: NodeNaming,
): Map<string, NamedNode> {
  if (nodes.length === 0) throw new Error('the list has no nodes')
  const named = new Map<string, NamedNode>()
  for (const node of nodes) {
    const { host, ip, port } = node
    if (ip !== undefined && isIP(ip) === 0) throw new Error(`node ${host} has a bad IP address`)
    if (naming === 'ip' && ip === undefined) {
      throw new Error(`nodeName 'ip' needs addresses, and node ${host} came without one`)
    }
    const byHost = parseAddress({ host, port })
    const namedBy = naming === 'ip' ? parseAddress({ host: ip ?? host, port }) : byHost
    const name = addressName(namedBy)
    if (named.has(name)) throw new Error(`the list has node ${name} twice`)
    named.set(name, { ...node, namedBy })
  }
  return named
}

/** Whether connections to a node go where they went before. */
export function isUnmoved(one: NamedNode, other: NamedNode): boolean {
  return (
    one.host === other.host &&
    one.ip === other.ip &&
    one.tls === other.tls &&
    accessText(one) === accessText(other)
  )
}

function accessText({ access }: NamedNode): string {
  return JSON.stringify(access?.() ?? {})
}
