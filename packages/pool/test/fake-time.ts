import { syncBuiltinESMExports } from 'node:module'
import perfHooks from 'node:perf_hooks'
import timers from 'node:timers'
import { vi } from 'vitest'

const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers
const { performance } = perfHooks

/**
 * Fake timers, in the modules of Node as well: from there the pool takes its timers and clock, so that fake
 * timers of its users do not stop it.
 */
export function useFakeTime(): void {
  vi.useFakeTimers()
  replace({
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    // Fake time would run that of a timer which is due a millisecond later.
    setImmediate: queueMicrotask,
    performance: globalThis.performance,
  })
}

export function useRealTime(): void {
  vi.useRealTimers()
  replace({ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, performance })
}

function replace({ performance: clock, ...functions }: Record<string, unknown>): void {
  Object.assign(timers, functions)
  Object.assign(perfHooks, { performance: clock })
  syncBuiltinESMExports()
}
