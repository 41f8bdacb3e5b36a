import { optionNames } from '@mc/protocol/toolkit'
import type { ObjectPoolHooks } from './hooks.ts'
import type { ObjectPoolLimits } from './limits.ts'

/** What an `ObjectPool` lends, and its limits. */
export interface ObjectPoolOptions<T> extends ObjectPoolHooks<T>, ObjectPoolLimits {
  /** Stands in front of error messages. */
  readonly name?: string | undefined
}

/** The names that the constructor of `ObjectPool` takes. */
export const OBJECT_POOL_OPTIONS: ReadonlySet<string> = optionNames<ObjectPoolOptions<unknown>>({
  create: true,
  validate: true,
  destroy: true,
  destroyOn: true,
  name: true,
  maxSize: true,
  minSize: true,
  idleTimeout: true,
  maxAge: true,
  maxAgeJitter: true,
  acquireTimeout: true,
  maxWaiting: true,
  hookTimeout: true,
  drainTimeout: true,
})

/** Events of an `ObjectPool`. */
export interface ObjectPoolEvents<T> {
  /** An object was made. */
  create: [object: T]
  /** An object has left the pool and is being destroyed. */
  destroy: [object: T]
  /** Something failed that no caller waits for. Without a listener it is dropped. */
  error: [error: unknown]
}
