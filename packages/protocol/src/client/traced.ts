import type { TracingChannel } from 'node:diagnostics_channel'
import { MemcachePartialError } from '../errors.ts'
import { hasSubscribers } from './subscribers.ts'

/**
 * Runs a call and publishes what becomes of it, if anybody listens; subscribers see the store of the caller. Unlike
 * `tracePromise` it publishes no values. An error that the call itself notes in its trace is published too, and what it
 * throws is a rejection.
 */
export function traced<T, D extends { error?: unknown }>(
  channel: TracingChannel<unknown, D>,
  trace: D,
  run: () => Promise<T>,
): Promise<T> {
  if (!hasSubscribers(channel)) return run()
  const { start, end, asyncStart, asyncEnd, error } = channel
  const settle = async (): Promise<T> => {
    try {
      return await run()
    } catch (thrown) {
      trace.error = firstFailure(thrown)
      throw thrown
    } finally {
      if (trace.error !== undefined) error.publish(trace)
      asyncStart.publish(trace)
      asyncEnd.publish(trace)
    }
  }
  const answer = start.runStores(trace, settle)
  end.publish(trace)
  return answer
}

/** Of a partial failure its first: that has neither keys nor what the call was answered. */
export function firstFailure(error: unknown): unknown {
  return error instanceof MemcachePartialError ? error.cause : error
}
