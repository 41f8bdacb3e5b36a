import type { TracingChannel } from 'node:diagnostics_channel'

/** Asks each of its channels: in Bun 1.4 a tracing channel has no `hasSubscribers` of its own. */
export function hasSubscribers<T extends object>(channel: TracingChannel<unknown, T>): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channel
  return (
    start.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers
  )
}
