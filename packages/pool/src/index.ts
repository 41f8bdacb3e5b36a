export * from '@mc/protocol/vocabulary'
export type { AcquireOptions } from './borrower.ts'
export type { ObjectPoolHooks } from './hooks.ts'
export type { ObjectPoolLimits } from './limits.ts'
export { ObjectPool, type ObjectPoolEvents, type ObjectPoolOptions } from './object-pool.ts'
export { PooledClient } from './pooled-client.ts'
export type {
  PoolableClient,
  PooledClientEvents,
  PooledClientOptions,
} from './pooled-client-options.ts'
