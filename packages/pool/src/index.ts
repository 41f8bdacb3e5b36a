export * from '@mc/protocol/vocabulary'
export type { AcquireOptions } from './borrower.ts'
export type { ObjectPoolHooks } from './hooks.ts'
export type { ObjectPoolLimits } from './limits.ts'
export { ObjectPool } from './object-pool.ts'
export type { ObjectPoolEvents, ObjectPoolOptions } from './object-pool-options.ts'
export { PooledClient } from './pooled-client.ts'
export type {
  PoolableClient,
  PooledClientEvents,
  PooledClientOptions,
} from './pooled-client-options.ts'
