import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { ClientOptions } from '@mc/client'
import type { Address } from '@mc/protocol'
import { isIP } from './is-ip.ts'
import type { ClusterNode } from './source.ts'

/** Where connections to a node go. */
export function nodeAddress(
  { host, ip, port, access }: ClusterNode,
  connectTo: 'ip' | 'host',
): Address {
  return { host: connectTo === 'ip' && ip !== undefined ? ip : host, port, access }
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
  if (typeof tls !== 'function') return { ...options, tls: named(tls, host) }
  return { ...options, tls: async (server) => named(await tls(server), host) }
}

/** Anything else than options is left to the client, which says what is wrong with it. */
function named(tls: boolean | TlsOptions, host: string): boolean | TlsOptions {
  if (typeof tls === 'object' && tls !== null) return { servername: host, ...tls }
  return tls === true ? { servername: host } : tls
}
