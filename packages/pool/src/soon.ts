import { setImmediate } from 'node:timers'

/**
 * Emits behind the work that led to the event: a listener that throws ends the process, as of any emitter,
 * but must not make a create or a destroy fail. Fake timers may replace `queueMicrotask`.
 */
export function soon(emit: () => unknown): void {
  Promise.resolve()
    .then(emit)
    .catch((error: unknown) => {
      setImmediate(() => {
        throw error
      })
    })
}
