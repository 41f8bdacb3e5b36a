// All that a program with its own copy of the packages has; bundled twice, these are two copies.
export { Client, retrying } from '@mc/client'
export { FallbackClient } from '@mc/fallback'
export { HashClient } from '@mc/hash'
export { PooledClient } from '@mc/pool'
export {
  MemcacheConnectError,
  MemcacheIllegalInputError,
  MemcachePartialError,
  MemcacheTimeoutError,
} from '@mc/protocol'
export { MemcachedServer, MockMemcacheClient } from '@mc/testing'
