import type { ClientOptions } from '@mc/client'
import { type AccessGiver, MemcacheConnectError, type MemcacheErrorCode } from '@mc/protocol'

/** A node of a cluster. */
export interface ClusterNode {
  /** DNS name; an IP address where the cluster has no names. */
  readonly host: string
  /** IPv4 or IPv6 address without brackets, if the source lists it. */
  readonly ip?: string | undefined
  /** TCP port. */
  readonly port: number
  /** Whether the node is known to speak TLS. @default false */
  readonly tls?: boolean | undefined
  /** What the URL of the node says beside its address. */
  readonly access?: AccessGiver | undefined
}

/** The nodes of a cluster at one time. */
export interface NodeList {
  /** Rises with each change of the list; `undefined` if the source has no versions. */
  readonly version?: number | undefined
  /** All nodes of the cluster. */
  readonly nodes: readonly ClusterNode[]
  /** Milliseconds for which the source need not be polled again. @default the client's `pollInterval` */
  readonly validFor?: number | undefined
}

/** How the nodes, and an endpoint that is one of them, are reached. `timeout` is that of the discovery. */
export type DiscoveryConnection = Pick<
  ClientOptions,
  'connectTimeout' | 'timeout' | 'noDelay' | 'keepAlive' | 'tls' | 'username' | 'password' | 'auth'
>

/** Lists the nodes of a cluster. */
export interface DiscoverySource {
  /** What errors and events call it, such as `host:port`. */
  readonly name: string
  /**
   * The address of the source, if it is known. Nodes on loopback and link-local addresses are refused unless this
   * is such an address itself.
   */
  readonly endpoint?: { readonly host: string; readonly port: number } | undefined
  /**
   * Returns the nodes as they are now. A rejection fails the poll, and the client keeps the nodes that it has.
   *
   * @param signal - aborts when the poll has timed out or the client is closed
   */
  discover(connection: DiscoveryConnection, signal: AbortSignal): Promise<NodeList>
  /**
   * Yields when the nodes may have changed: the client polls then. Asked for once, before the first poll.
   *
   * @param signal - aborts when the client is closed
   */
  changes?(signal: AbortSignal): AsyncIterable<unknown>
}

/**
 * A poll failed: its source failed, or gave an invalid list. Commands reject with this error only before the
 * first list; nothing was written then.
 */
export class MemcacheDiscoveryError extends MemcacheConnectError {
  override readonly name: string = 'MemcacheDiscoveryError'
  override readonly code: MemcacheErrorCode = 'MEMCACHE_DISCOVERY'
}
