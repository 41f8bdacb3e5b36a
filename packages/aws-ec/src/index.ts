export * from '@mc/protocol/vocabulary'
export { configurationEndpoint } from './configuration-endpoint.ts'
export {
  type ClusterNode,
  type DiscoveryConnection,
  type DiscoverySource,
  MemcacheDiscoveryError,
  type NodeList,
} from './discovery.ts'
export { type ElastiCacheApiOptions, elastiCacheApi } from './elasticache-api.ts'
export { ElastiCacheHashClient } from './elasticache-hash-client.ts'
export type { NodeNaming } from './named-nodes.ts'
export type { ElastiCacheHashClientOptions } from './options.ts'
