let hooks: typeof import('node:perf_hooks') | undefined

/**
 * Milliseconds of `performance.now()`, which never goes back; the real one under fake timers. It is loaded at the first use: a
 * program that has not sent anything yet starts sooner.
 */
export function clock(): number {
  hooks ??= process.getBuiltinModule('node:perf_hooks')
  return hooks.performance.now()
}
