import { performance } from 'node:perf_hooks'
import * as timers from 'node:timers'

// The timers of Node as they are when this module is loaded: fake timers of test runners replace the globals, and
// even the functions of `node:timers`, but servers, proxies and clients have to go on under them.
export const setTimeout: typeof timers.setTimeout = timers.setTimeout
const setImmediate: typeof timers.setImmediate = timers.setImmediate
const readClock = performance.now.bind(performance)

/** Milliseconds that only go forward. */
export function monotonicNow(): number {
  return readClock()
}

/** Resolves so many milliseconds later. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
