export * from '@mc/protocol/vocabulary'
export type { HashClientEvents, ServerChanges } from './cluster.ts'
export { HashClient } from './hash-client.ts'
export {
  type Failover,
  HASH_CLIENT_OPTIONS,
  type HashClientOptions,
} from './hash-client-options.ts'
export type { Hasher } from './hasher.ts'
export { KetamaHash, type KetamaHashOptions } from './ketama.ts'
export { murmur3_32 } from './murmur3.ts'
export { RendezvousHash, type RendezvousHashOptions } from './rendezvous.ts'
export type { KeyHashForm } from './routing-text.ts'
export type { PreparedClient, ServerClient, ServerStatus } from './server.ts'
export type { DeadLimits, FailoverRules, ServerState } from './server-health.ts'
