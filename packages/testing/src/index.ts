export { type ContractSubject, clientContract } from './contract/client-contract.ts'
export type { TestRunner } from './contract/runner.ts'
export {
  type ServerCommandsSubject,
  serverCommandsContract,
} from './contract/server-commands-contract.ts'
export { type MemcachedOptions, memcached } from './memcached.ts'
export { MemcachedServer, type MemcachedServerOptions } from './memcached-server.ts'
export { type TestCertificate, testCertificate } from './test-certificate.ts'
export type { TestServer } from './test-server.ts'
