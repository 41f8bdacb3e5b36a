export { type MemcachedOptions, memcached } from './memcached.ts'
export { MemcachedServer, type MemcachedServerOptions } from './memcached-server.ts'
export { type TestCertificate, testCertificate } from './test-certificate.ts'
export type { TestServer } from './test-server.ts'
