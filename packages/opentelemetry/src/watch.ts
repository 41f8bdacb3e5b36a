import { performance } from 'node:perf_hooks'
import type { EventChannels, TracingChannels } from '@mc/protocol'
import { eventChannel, tracingChannelOf } from '@mc/protocol/toolkit'

/** Ends a subscription. */
export type Unsubscribe = () => void

/**
 * Subscribes to a tracing channel.
 *
 * @param onEnd - gets the trace, the seconds that it took, and what `onStart` returned
 */
export function watchTraces<N extends keyof TracingChannels, S>(
  name: N,
  onStart: (trace: TracingChannels[N]) => S,
  onEnd: (trace: TracingChannels[N], seconds: number, started: S) => void,
): Unsubscribe {
  const begun = new WeakMap<object, { readonly at: number; readonly started: S }>()
  const { start, asyncEnd } = tracingChannelOf(name)
  const onStarted = (message: unknown): void => {
    const trace = message as TracingChannels[N]
    begun.set(trace, { at: performance.now(), started: onStart(trace) })
  }
  const onEnded = (message: unknown): void => {
    const trace = message as TracingChannels[N]
    const run = begun.get(trace)
    // One that had begun before has none.
    if (run !== undefined) onEnd(trace, (performance.now() - run.at) / 1000, run.started)
  }
  start.subscribe(onStarted)
  asyncEnd.subscribe(onEnded)
  return () => {
    start.unsubscribe(onStarted)
    asyncEnd.unsubscribe(onEnded)
  }
}

/** Subscribes to the ends of what a tracing channel traces. */
export function watchEnds<N extends keyof TracingChannels>(
  name: N,
  onEnd: (trace: TracingChannels[N], seconds: number) => void,
): Unsubscribe {
  return watchTraces(name, () => undefined, onEnd)
}

/** Subscribes to a channel. */
export function watchEvents<N extends keyof EventChannels>(
  name: N,
  onEvent: (event: EventChannels[N]) => void,
): Unsubscribe {
  const channel = eventChannel(name)
  const listener = (event: unknown): void => onEvent(event as EventChannels[N])
  channel.subscribe(listener)
  return () => {
    channel.unsubscribe(listener)
  }
}
