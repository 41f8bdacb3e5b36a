import { type Attributes, type Context, context, type Meter } from '@opentelemetry/api'
import { BUCKETS } from './buckets.ts'
import { DeadServers } from './dead-servers.ts'
import { errorType } from './error-type.ts'
import { PoolFigures } from './pool-figures.ts'
import { serverAttributes } from './server-label.ts'
import { type Unsubscribe, watchEnds, watchEvents, watchTraces } from './watch.ts'

const SECONDS = { unit: 's', advice: { explicitBucketBoundaries: [...BUCKETS] } }

/**
 * Records as metrics what the channels publish.
 *
 * @param contexts - those of calls that have a span, by their traces
 */
export function recordMetrics(meter: Meter, contexts: WeakMap<object, Context>): Unsubscribe[] {
  return [
    ...recordCalls(meter, contexts),
    ...recordConnections(meter),
    ...recordPools(meter),
    ...recordServers(meter),
  ]
}

function recordCalls(meter: Meter, contexts: WeakMap<object, Context>): Unsubscribe[] {
  const duration = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of calls, also of those that were refused',
    ...SECONDS,
  })
  const requests = meter.createHistogram('memcached.client.request.duration', {
    description: 'Duration of commands on one server, of which a call may take several',
    ...SECONDS,
  })
  const hits = meter.createCounter('memcached.client.hits', {
    description: 'Keys that reads have found',
    unit: '{key}',
  })
  const misses = meter.createCounter('memcached.client.misses', {
    description: 'Keys that reads have not found',
    unit: '{key}',
  })
  // For exemplars, which name the span of the call.
  const own = (run: object): Context => contexts.get(run) ?? context.active()
  return [
    watchTraces('mc:command', own, (call, seconds, caller) => {
      duration.record(seconds, attributesOf(call), caller)
      if (call.hits === undefined) return
      const labels = attributesOf({ ...call, error: undefined })
      hits.add(call.hits, labels, caller)
      misses.add(call.misses ?? 0, labels, caller)
    }),
    watchTraces('mc:request', own, (request, seconds, caller) =>
      requests.record(seconds, attributesOf(request), caller),
    ),
  ]
}

function recordConnections(meter: Meter): Unsubscribe[] {
  const created = meter.createHistogram('db.client.connection.create_time', {
    description: 'Duration of attempts to connect',
    ...SECONDS,
  })
  const reconnects = meter.createCounter('memcached.client.reconnects', {
    description: 'Connections made in place of one that had ended',
    unit: '{connection}',
  })
  const disconnects = meter.createCounter('memcached.client.disconnects', {
    description: 'Connections that have ended',
    unit: '{connection}',
  })
  return [
    watchEnds('mc:connect', ({ server, isReconnect, error }, seconds) => {
      const labels = { 'db.client.connection.pool.name': server, ...errorAttribute(error) }
      created.record(seconds, labels)
      if (isReconnect && error === undefined) reconnects.add(1, serverAttributes(server))
    }),
    watchEvents('mc:disconnect', ({ server, error }) => {
      disconnects.add(1, { ...serverAttributes(server), ...errorAttribute(error) })
    }),
  ]
}

function recordPools(meter: Meter): Unsubscribe[] {
  const figures = new PoolFigures()
  const waited = meter.createHistogram('db.client.connection.wait_time', {
    description: 'How long calls waited for a client of a pool',
    ...SECONDS,
  })
  const timeouts = meter.createCounter('db.client.connection.timeouts', {
    description: 'Calls that got no client of a pool',
    unit: '{timeout}',
  })
  const count = meter.createObservableUpDownCounter('db.client.connection.count', {
    description: 'Clients of pools, by whether they are lent',
    unit: '{connection}',
  })
  const pending = meter.createObservableUpDownCounter('db.client.connection.pending_requests', {
    description: 'Calls that wait for a client of a pool',
    unit: '{request}',
  })
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    for (const [server, { idle, used, waiting }] of figures.totals()) {
      const pool = { 'db.client.connection.pool.name': server }
      result.observe(count, idle, { ...pool, 'db.client.connection.state': 'idle' })
      result.observe(count, used, { ...pool, 'db.client.connection.state': 'used' })
      result.observe(pending, waiting, pool)
    }
  }
  meter.addBatchObservableCallback(observe, [count, pending])
  return [
    watchEnds('mc:acquire', ({ server = '', error }, seconds) => {
      const pool = { 'db.client.connection.pool.name': server }
      waited.record(seconds, { ...pool, ...errorAttribute(error) })
      if (errorType(error) === 'MEMCACHE_OVERLOAD') timeouts.add(1, pool)
    }),
    watchEvents('mc:pool', (event) => figures.note(event)),
    () => meter.removeBatchObservableCallback(observe, [count, pending]),
  ]
}

function recordServers(meter: Meter): Unsubscribe[] {
  const servers = new DeadServers()
  const dead = meter.createUpDownCounter('memcached.client.servers.dead', {
    description: 'Servers that are dead, once for each client for which they are',
    unit: '{server}',
  })
  const events = meter.createCounter('memcached.client.server.events', {
    description: 'What happened to servers',
    unit: '{event}',
  })
  return [
    watchEvents('mc:server', (event) => {
      const labels = serverAttributes(event.server)
      events.add(1, { ...labels, 'memcached.server.event': event.event })
      const change = servers.note(event)
      if (change !== 0) dead.add(change, labels)
    }),
  ]
}

function attributesOf({
  command,
  server,
  error,
}: {
  readonly command: string
  readonly server: string | undefined
  readonly error?: unknown
}): Attributes {
  return {
    'db.system.name': 'memcached',
    'db.operation.name': command,
    ...serverAttributes(server),
    ...errorAttribute(error),
  }
}

function errorAttribute(error: unknown): Attributes {
  const type = errorType(error)
  return type === undefined ? {} : { 'error.type': type }
}
