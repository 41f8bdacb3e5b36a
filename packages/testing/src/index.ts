export { type ContractSubject, clientContract } from './contract/client-contract.ts'
export type { TestRunner } from './contract/runner.ts'
export {
  type ServerCommandsSubject,
  serverCommandsContract,
} from './contract/server-commands-contract.ts'
export {
  ConfigurationEndpointServer,
  type ConfigurationEndpointServerOptions,
  type EndpointMischief,
  type ListedNode,
} from './elasticache/configuration-endpoint.ts'
export {
  type DescribedCluster,
  type DescribedNode,
  type DescribedServerlessCache,
  ElastiCacheApiServer,
  type ElastiCacheApiServerOptions,
} from './elasticache/elasticache-api.ts'
export { type Clock, ManualClock } from './faults/clock.ts'
export type { FaultCounts } from './faults/fault-plan.ts'
export { FaultProxy, type FaultProxyOptions } from './faults/fault-proxy.ts'
export type { InjectedFault } from './faults/injected-fault.ts'
export type { NetworkFault } from './faults/network-fault.ts'
export { seededRandom } from './faults/seeded-random.ts'
export { type MemcachedOptions, memcached } from './memcached.ts'
export { MemcachedServer, type MemcachedServerOptions } from './memcached-server.ts'
export {
  type FailNextOptions,
  type MockCall,
  type MockHook,
  MockMemcacheClient,
  type MockMemcacheClientOptions,
} from './mock/mock-memcache-client.ts'
export type { ServerCommand, ServerFault } from './server/command-log.ts'
export type { ServerItem } from './server/snapshot.ts'
export { type TestCertificate, testCertificate } from './test-certificate.ts'
export type { TestServer } from './test-server.ts'
