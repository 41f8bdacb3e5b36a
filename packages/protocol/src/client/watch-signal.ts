import type { Command } from '../command.ts'

/** Who waits on one signal, and the listener for all of them. */
interface Watch {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

const watches = new WeakMap<AbortSignal, Watch>()

/**
 * Calls back when the signal aborts, unless the answered function was called before. However many wait,
 * the signal has one listener: Node warns of more than ten.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = watches.get(signal) ?? watch(signal)
  // As it may be given twice.
  const own = (): void => callback()
  callbacks.add(own)
  return () => {
    if (!callbacks.delete(own) || callbacks.size > 0) return
    watches.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

function watch(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>()
  const listener = (): void => {
    for (const callback of callbacks) callback()
  }
  const started = { callbacks, listener }
  watches.set(signal, started)
  signal.addEventListener('abort', listener, { once: true })
  return started
}

/**
 * Rejects the command with the signal's reason when it aborts. If it was written by then, its reply is
 * still read in its place.
 */
export function watchSignal(command: Command, signal: AbortSignal): void {
  const abandon = (): void => command.reject(signal.reason)
  if (signal.aborted) abandon()
  else command.onAnswer(onAbort(signal, abandon))
}
