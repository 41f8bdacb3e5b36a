import { vi } from 'vitest'

/**
 * In place of `node:timers` and `node:perf_hooks`: what is global when it is called. The pool takes its
 * timers and clock from those modules so that fake timers do not stop it; tests of its times want them to.
 */
export const setTimeout = (...args: Parameters<typeof globalThis.setTimeout>) =>
  globalThis.setTimeout(...args)
export const clearTimeout = (timer?: NodeJS.Timeout) => globalThis.clearTimeout(timer)
export const setInterval = (...args: Parameters<typeof globalThis.setInterval>) =>
  globalThis.setInterval(...args)
export const clearInterval = (timer?: NodeJS.Timeout) => globalThis.clearInterval(timer)
/** Of a timer that is due, fake time would run it a millisecond later. */
export const setImmediate = (callback: () => void) =>
  vi.isFakeTimers() ? queueMicrotask(callback) : globalThis.setImmediate(callback)
export const performance = { now: () => globalThis.performance.now() }
