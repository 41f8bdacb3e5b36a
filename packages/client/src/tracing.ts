import { AsyncResource } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import type { Command } from '@mc/protocol'
import { hasSubscribers } from '@mc/protocol/toolkit'

/**
 * What subscribers of the tracing channel `mc:command` get about each command that a `Client` sends, and
 * so about each that other clients send through one. No key or value is ever in it.
 *
 * Times: `start` and `end` around the call, `asyncStart` and `asyncEnd` when it settles, `error` before
 * them if it failed.
 */
export interface CommandTrace {
  /** The command's word, such as `get`. */
  readonly command: string
  /** The server's name, `host:port` or the path of a socket. */
  readonly server: string
  /** How many keys a command of many keys asks for; `undefined` for others. */
  readonly keys: number | undefined
  /** How many keys a read found, when it settles; `undefined` for other commands. */
  hits: number | undefined
  /** What it failed with. */
  error?: unknown
}

/** What subscribers of the tracing channel `mc:connect` get about each attempt to connect. */
export interface ConnectTrace {
  readonly server: string
  /** What it failed with. */
  error?: unknown
}

const commands = tracingChannel<unknown, CommandTrace>('mc:command')
const connects = tracingChannel<unknown, ConnectTrace>('mc:connect')

/** Whether anybody listens to commands; all that they cost when nobody does. */
export function isTracing(): boolean {
  return hasSubscribers(commands)
}

/** Sends the command by `submit` and publishes what becomes of it. */
export function traceCommand(command: Command, server: string, submit: () => void): void {
  const { name, keys } = command
  const trace: CommandTrace = { command: name, server, keys, hits: undefined }
  // Subscribers see the store of the call, not that of the connection whose reply settles it.
  let context: AsyncResource | undefined
  command.onAnswer((error) => {
    if (error === undefined) trace.hits = command.hits
    else trace.error = error
    const publish = (): void => {
      if (error !== undefined) commands.error.publish(trace)
      commands.asyncStart.publish(trace)
      commands.asyncEnd.publish(trace)
    }
    if (context === undefined) publish()
    else context.runInAsyncScope(publish)
  })
  // Not `tracePromise`: it would publish the value.
  commands.start.runStores(trace, () => {
    context = new AsyncResource('MemcachedCommand')
    submit()
  })
  commands.end.publish(trace)
}

/** Runs an attempt to connect and publishes what becomes of it. */
export function traceConnect(server: string, attempt: () => Promise<void>): Promise<void> {
  return hasSubscribers(connects) ? connects.tracePromise(attempt, { server }) : attempt()
}
