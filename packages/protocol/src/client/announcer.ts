import { EventEmitter } from 'node:events'

// An import of node:process reads all of its exports, which opens stdin and stdout and takes 3 ms.
const { nextTick } = process

/**
 * An emitter whose events can break nothing: they come behind the work that led to them, so that a
 * listener that throws disturbs no command, and an `error` that nobody listens for is dropped.
 */
export class Announcer<E extends Record<keyof E, unknown[]>> extends EventEmitter<E> {
  /** Emits an event. */
  protected announce<K extends keyof E>(event: K, ...args: E[K]): void {
    nextTick(() => {
      const emitter = this as EventEmitter
      if (emitter.listenerCount(event as string) > 0) emitter.emit(event as string, ...args)
    })
  }
}
