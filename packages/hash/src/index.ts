export * from '@mc/protocol/vocabulary'
export type { HashClientEvents, ServerChanges } from './cluster.ts'
export { DiscoveringHashClient } from './discovery/discovering-hash-client.ts'
export type { DnsResolver } from './discovery/dns-look-ups.ts'
export { type DnsRecordType, type DnsServersOptions, dnsServers } from './discovery/dns-servers.ts'
export { fileServers } from './discovery/file-servers.ts'
export type { ListedServers } from './discovery/list-source.ts'
export type { NodeNaming } from './discovery/named-nodes.ts'
export type { AllowNode } from './discovery/node-guard.ts'
export type { DiscoveringHashClientOptions } from './discovery/options.ts'
export {
  type ClusterNode,
  type DiscoveryConnection,
  type DiscoverySource,
  MemcacheDiscoveryError,
  type NodeList,
} from './discovery/source.ts'
export { type Environment, fromEnvironment } from './from-environment.ts'
export { HashClient } from './hash-client.ts'
export {
  type Failover,
  HASH_CLIENT_OPTIONS,
  type HashClientOptions,
} from './hash-client-options.ts'
export type { Hasher } from './hasher.ts'
export { KetamaHash, type KetamaHashOptions } from './ketama.ts'
export { ModuloHash } from './modulo.ts'
export { murmur3_32 } from './murmur3.ts'
export type { NodeWeights } from './node-weights.ts'
export { RendezvousHash, type RendezvousHashOptions } from './rendezvous.ts'
export type { KeyHashForm } from './routing-text.ts'
export type { PreparedClient, ServerClient, ServerStatus } from './server.ts'
export type { DeadLimits, FailoverRules, ServerState } from './server-health.ts'
