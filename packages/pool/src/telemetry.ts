import type { PoolEvent } from '@mc/protocol'
import { eventChannel, hasSubscribers, traced, tracingChannelOf } from '@mc/protocol/toolkit'

const acquires = tracingChannelOf('mc:acquire')
const pools = eventChannel('mc:pool')

/** Whether anybody listens to acquires. */
export function tracesAcquires(): boolean {
  return hasSubscribers(acquires)
}

/** Acquires an object and publishes what becomes of it. */
export function traceAcquire<T>(
  server: string | undefined,
  hasWaited: boolean,
  acquire: () => Promise<T>,
): Promise<T> {
  return traced(acquires, { server, hasWaited }, acquire)
}

/** Publishes the figures of a pool, if anybody listens. */
export function publishFigures(
  pool: { readonly size: number; readonly used: number; readonly waiting: number },
  server: string | undefined,
): void {
  if (!pools.hasSubscribers) return
  const event: PoolEvent = {
    ...{ pool, server },
    ...{ size: pool.size, inUse: pool.used, waiting: pool.waiting },
  }
  pools.publish(event)
}
