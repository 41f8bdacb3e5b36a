import { AsyncResource } from 'node:async_hooks'
import type { Command, RequestTrace } from '@mc/protocol'
import { eventChannel, hasSubscribers, traced, tracingChannelOf } from '@mc/protocol/toolkit'
import type { Connection } from './connection.ts'

/** What telemetry calls a server, and where it is. */
export interface ServerPlace {
  readonly server: string
  readonly address: string
}

const requests = tracingChannelOf('mc:request')
const connects = tracingChannelOf('mc:connect')
const disconnects = eventChannel('mc:disconnect')

/** Whether anybody listens to requests: the one check for each when nobody does. */
export function tracesRequests(): boolean {
  return hasSubscribers(requests)
}

/** Sends the command by `submit` and publishes what becomes of it. */
export function traceRequest(
  command: Command,
  { server, address }: ServerPlace,
  submit: () => void,
): void {
  const { name, keys } = command
  const trace: RequestTrace = { command: name, server, address, keys, hits: undefined }
  // Subscribers see the store of the call, not that of the connection whose reply settles it.
  let context: AsyncResource | undefined
  command.onAnswer((error) => {
    if (error === undefined) trace.hits = command.hits
    else trace.error = error
    const publish = (): void => {
      if (error !== undefined) requests.error.publish(trace)
      requests.asyncStart.publish(trace)
      requests.asyncEnd.publish(trace)
    }
    if (context === undefined) publish()
    else context.runInAsyncScope(publish)
  })
  requests.start.runStores(trace, () => {
    context = new AsyncResource('MemcachedCommand')
    submit()
  })
  requests.end.publish(trace)
}

/** Runs an attempt to connect and publishes what becomes of it. */
export function traceConnect(
  { server, address }: ServerPlace,
  isReconnect: boolean,
  attempt: () => Promise<Connection>,
): Promise<Connection> {
  return traced(connects, { server, address, isReconnect }, attempt)
}

/** Publishes that a connection has ended. */
export function publishDisconnect({ server, address }: ServerPlace, error: unknown): void {
  if (disconnects.hasSubscribers) disconnects.publish({ server, address, error })
}
