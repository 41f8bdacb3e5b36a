let hooks: typeof import('node:perf_hooks') | undefined

/**
 * Milliseconds of the real `performance.now()`, also under fake timers. Its module is loaded at the first use, so that a program
 * starts sooner.
 */
export function clock(): number {
  hooks ??= process.getBuiltinModule('node:perf_hooks')
  return hooks.performance.now()
}

/** A timer that comes later than this, in milliseconds, met a process that stood still. */
export const STALL = 20
