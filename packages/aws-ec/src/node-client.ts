import { isIP } from 'node:net'
import type { ClientOptions } from '@mc/client'
import type { Address } from '@mc/protocol'
import type { ClusterNode } from './discovery.ts'

/** Where connections to a node go. */
export function nodeAddress({ host, ip, port }: ClusterNode, connectTo: 'ip' | 'host'): Address {
  return { host: connectTo === 'ip' && ip !== undefined ? ip : host, port }
}

/**
 * The options of a node's client. With TLS its certificate must be for the host name, wherever the
 * connection goes; options that name another server are the user's own.
 */
export function nodeOptions<V>(
  { host, tls: speaksTls }: ClusterNode,
  options: ClientOptions<V>,
): ClientOptions<V> {
  const tls = options.tls ?? speaksTls ?? false
  if (tls === false || isIP(host) !== 0) return { ...options, tls }
  return { ...options, tls: { servername: host, ...(tls === true ? {} : tls) } }
}
