// Spans and metrics of memcached clients for OpenTelemetry, by its conventions for databases. Copy it to your project.
import { tracingChannel } from 'node:diagnostics_channel'
import type { CommandTrace, ConnectTrace } from '@mc/client'
import {
  type Context,
  context,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

const NAME = 'mc'
const DEFAULT_PORT = 11211

/** A cache answers well below the millisecond with which the buckets of the conventions begin. */
const BUCKETS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]

/** A command, or an attempt to connect, that is under way. */
interface Run {
  readonly span: Span
  readonly at: number
  /** The caller's context, with the span in it. */
  readonly own: Context
}

/** Starts to watch all clients of this process; call it once, after the providers are set. Answers how to stop. */
export function instrumentMemcached(): () => void {
  const tracer = trace.getTracer(NAME)
  const meter = metrics.getMeter(NAME)
  const duration = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of memcached commands',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  })
  const lookups = meter.createCounter('memcached.client.lookups', {
    description: 'Keys that reads asked for, by whether they were found',
    unit: '{key}',
  })
  const started = new WeakMap<object, Run>()

  function start(message: CommandTrace | ConnectTrace, command: string): void {
    const { server } = message
    const caller = context.active()
    const attributes = attributesOf(command, server)
    const span = tracer.startSpan(
      `${command} ${server}`,
      { kind: SpanKind.CLIENT, attributes },
      caller,
    )
    started.set(message, { span, at: performance.now(), own: trace.setSpan(caller, span) })
  }

  const commandHandlers = {
    start(message: CommandTrace) {
      start(message, message.command)
    },
    // The call returns here; its reply comes later.
    end() {},
    asyncStart() {},
    asyncEnd(message: CommandTrace) {
      const { command, server, error, hits, keys = 1 } = message
      const run = started.get(message)
      if (run === undefined) return
      const attributes = { ...attributesOf(command, server), ...errorAttributes(error) }
      run.span.setAttributes(attributes)
      if (error !== undefined) run.span.setStatus({ code: SpanStatusCode.ERROR })
      run.span.end()
      // By now the active context is that of whoever opened the connection.
      duration.record((performance.now() - run.at) / 1000, attributes, run.own)
      if (hits === undefined || error !== undefined) return
      const address = { 'server.address': attributes['server.address'] }
      lookups.add(hits, { ...address, found: true }, run.own)
      lookups.add(keys - hits, { ...address, found: false }, run.own)
    },
    // asyncEnd comes behind it and ends the span: once.
    error() {},
  }
  const connectHandlers = {
    start(message: ConnectTrace) {
      start(message, 'connect')
    },
    end() {},
    asyncStart() {},
    asyncEnd(message: ConnectTrace) {
      const run = started.get(message)
      if (message.error !== undefined) run?.span.setStatus({ code: SpanStatusCode.ERROR })
      run?.span.setAttributes(errorAttributes(message.error)).end()
    },
    error() {},
  }
  const commands = tracingChannel<unknown, CommandTrace>('mc:command')
  const connects = tracingChannel<unknown, ConnectTrace>('mc:connect')
  commands.subscribe(commandHandlers)
  connects.subscribe(connectHandlers)
  return () => {
    commands.unsubscribe(commandHandlers)
    connects.unsubscribe(connectHandlers)
  }
}

/** No key and no value: the channels have none. */
function attributesOf(command: string, server: string) {
  const colon = server.lastIndexOf(':')
  const isSocket = server.startsWith('/') || colon < 0
  const port = isSocket ? DEFAULT_PORT : Number(server.slice(colon + 1))
  return {
    'db.system.name': 'memcached',
    'db.operation.name': command,
    'server.address': isSocket ? server : server.slice(0, colon),
    ...(port !== DEFAULT_PORT && { 'server.port': port }),
  }
}

function errorAttributes(error: unknown): Record<string, string> {
  if (error === undefined) return {}
  const { code, name } = error as { code?: unknown; name?: string }
  return { 'error.type': typeof code === 'string' ? code : (name ?? 'Error') }
}
