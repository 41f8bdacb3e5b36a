export type { AcquireOptions } from './borrower.ts'
export type { ObjectPoolLimits } from './limits.ts'
export { ObjectPool, type ObjectPoolEvents, type ObjectPoolOptions } from './object-pool.ts'
export {
  type ClientValue,
  type PoolableClient,
  PooledClient,
  type PooledClientEvents,
  type PooledClientOptions,
} from './pooled-client.ts'
