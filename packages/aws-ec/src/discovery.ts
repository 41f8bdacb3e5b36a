import type { ClientOptions } from '@mc/client'
import { MemcacheConnectError } from '@mc/protocol'

/** A node of a cluster. */
export interface ClusterNode {
  /** DNS name; an IP address where the cluster has no names. */
  readonly host: string
  /** IPv4 or IPv6 address without brackets, if the source tells it. */
  readonly ip?: string | undefined
  readonly port: number
  /** Whether it is known to speak TLS. @default false */
  readonly tls?: boolean | undefined
}

/** The nodes of a cluster at one time. */
export interface NodeList {
  /** Rises with each change of the list; `undefined` if the source counts none. */
  readonly version?: number | undefined
  readonly nodes: readonly ClusterNode[]
}

/** How the nodes, and an endpoint that is one of them, are reached. `timeout` is that of the discovery. */
export type DiscoveryConnection = Pick<
  ClientOptions,
  'connectTimeout' | 'timeout' | 'noDelay' | 'keepAlive' | 'tls' | 'username' | 'password'
>

/** Tells which nodes a cluster has. */
export interface DiscoverySource {
  /** What errors and events call it, such as `host:port`. */
  readonly name: string
  /**
   * Where it is asked, if that is known. Nodes on loopback and link-local addresses are refused unless this
   * is such an address itself.
   */
  readonly endpoint?: { readonly host: string; readonly port: number } | undefined
  /**
   * Asks for the nodes as they are now. Anything that it rejects with fails the poll; the client then
   * keeps the nodes that it has.
   *
   * @param signal - aborts when the answer is not wanted any longer
   */
  discover(connection: DiscoveryConnection, signal: AbortSignal): Promise<NodeList>
}

/**
 * The nodes of a cluster could not be told: its source failed, or answered what cannot be true. Commands
 * reject with it only as long as no nodes were ever known; nothing was written then.
 */
export class MemcacheDiscoveryError extends MemcacheConnectError {
  override readonly name: string = 'MemcacheDiscoveryError'
  override readonly code: string = 'MEMCACHE_DISCOVERY'
}
