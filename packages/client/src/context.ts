import { AsyncResource } from 'node:async_hooks'

/** Of the time when this module was loaded: it belongs to no call. */
const outside = new AsyncResource('MemcachedClient')

/**
 * Runs `create` outside the caller's asynchronous context: sockets and timers that outlive a call must not
 * keep the `AsyncLocalStorage` store of that call alive.
 */
export function outsideCalls<T>(create: () => T): T {
  return outside.runInAsyncScope(create)
}
