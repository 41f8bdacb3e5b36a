import type { CommandTrace, ConnectTrace } from '@mc/protocol'
import {
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { errorType } from './error-type.ts'
import { peerAttributes, serverAttributes } from './server-label.ts'
import { type Unsubscribe, watchTraces } from './watch.ts'

/**
 * Makes a span of each call and of each attempt to connect.
 *
 * @param contexts - takes the caller's context of each, with the span in it
 */
export function recordSpans(
  tracer: Tracer,
  requireParentSpan: boolean,
  contexts: WeakMap<object, Context>,
): Unsubscribe[] {
  const begin = (command: string, run: CommandTrace | ConnectTrace): Span | undefined => {
    const { server } = run
    const caller = context.active()
    if (requireParentSpan && trace.getSpan(caller) === undefined) return undefined
    const attributes = {
      'db.system.name': 'memcached',
      'db.operation.name': command,
      ...serverAttributes(server),
      ...('address' in run && peerAttributes(run.address)),
    }
    const settings = { kind: SpanKind.CLIENT, attributes }
    const span = tracer.startSpan(nameOf(command, server), settings, caller)
    contexts.set(run, trace.setSpan(caller, span))
    return span
  }
  const finish = (span: Span | undefined, { error }: CommandTrace | ConnectTrace): void => {
    const type = errorType(error)
    if (type !== undefined) {
      span?.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR })
    }
    span?.end()
  }
  return [
    watchTraces(
      'mc:command',
      (call) => begin(call.command, call),
      (call, _, span) => {
        // Which server a key is on is known once the call has begun.
        span?.updateName(nameOf(call.command, call.server))
        span?.setAttributes(serverAttributes(call.server))
        finish(span, call)
      },
    ),
    watchTraces(
      'mc:connect',
      (attempt) => begin('connect', attempt),
      (attempt, _, span) => finish(span, attempt),
    ),
  ]
}

function nameOf(command: string, server: string | undefined): string {
  return server === undefined ? command : `${command} ${server}`
}
