export {
  type ClusterNode,
  type DiscoveringHashClientOptions as ElastiCacheHashClientOptions,
  type DiscoveryConnection,
  type DiscoverySource,
  MemcacheDiscoveryError,
  type NodeList,
  type NodeNaming,
} from '@mc/hash'
export * from '@mc/protocol/vocabulary'
export { configurationEndpoint } from './configuration-endpoint.ts'
export { type ElastiCacheApiOptions, elastiCacheApi } from './elasticache-api.ts'
export { ElastiCacheHashClient } from './elasticache-hash-client.ts'
