import {
  type Channel,
  channel,
  type TracingChannel,
  tracingChannel,
} from 'node:diagnostics_channel'
import type { EventChannels, TracingChannels } from '../telemetry.ts'

/** The tracing channel of this name. */
export function tracingChannelOf<N extends keyof TracingChannels>(
  name: N,
): TracingChannel<unknown, TracingChannels[N]> {
  return tracingChannel(name)
}

/** The channel of this name, whose messages are what it is for. */
export function eventChannel<N extends keyof EventChannels>(
  name: N,
): Channel<unknown, EventChannels[N]> {
  return channel(name) as Channel<unknown, EventChannels[N]>
}
