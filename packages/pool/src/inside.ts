import type { ObjectPool } from './object-pool.ts'

/** What only this package may ask of a pool. */
export interface Inside {
  /**
   * Lends an object in this turn, as `get` does in a later one: one that is idle and can be lent as it is, if nobody waits.
   * `undefined` while somebody listens to acquires, which `get` publishes.
   */
  lendIdle<T>(pool: ObjectPool<T>): T | undefined
  /** Milliseconds on the clock of its borrowers, which stands still with the process. */
  timeOf<T>(pool: ObjectPool<T>): number
}
