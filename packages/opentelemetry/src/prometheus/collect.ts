import { Counter, Gauge, Histogram, type Registry, register } from 'prom-client'
import { BUCKETS } from '../buckets.ts'
import { DeadServers } from '../dead-servers.ts'
import { errorType } from '../error-type.ts'
import { PoolFigures } from '../pool-figures.ts'
import { type Unsubscribe, watchEnds, watchEvents } from '../watch.ts'

/** Options of `collectMemcacheMetrics`. */
export interface MemcacheMetricsOptions {
  /** Where the metrics are kept. @default the global registry of prom-client */
  readonly registry?: Registry | undefined
  /** Before each name. @default 'mc_' */
  readonly prefix?: string | undefined
  /** Upper bounds of the buckets of durations, in seconds. @default from 0.00005 to 5 */
  readonly buckets?: readonly number[] | undefined
}

/**
 * Keeps metrics of all memcached clients of this process in a registry of prom-client, until the function that it returns
 * is called, which also takes them out. The label `error` is empty where all went well, `server` for calls to several.
 *
 * @throws Error if the registry has metrics of these names
 */
export function collectMemcacheMetrics(options: MemcacheMetricsOptions = {}): Unsubscribe {
  const { registry = register, prefix = 'mc_', buckets = BUCKETS } = options
  const names: string[] = []
  const settings = <L extends string>(name: string, help: string, labelNames: readonly L[]) => {
    names.push(`${prefix}${name}`)
    return { name: `${prefix}${name}`, help, labelNames: [...labelNames], registers: [registry] }
  }
  const seconds = <L extends string>(name: string, help: string, labels: readonly L[]) =>
    new Histogram<L>({ ...settings(name, help, labels), buckets: [...buckets] })
  const counter = <L extends string>(name: string, help: string, labels: readonly L[]) =>
    new Counter<L>(settings(name, help, labels))

  const calls = seconds('command_duration_seconds', 'Calls, also those that were refused', [
    ...(['command', 'server', 'error'] as const),
  ])
  const requests = seconds('request_duration_seconds', 'Commands on one server', [
    ...(['command', 'server', 'error'] as const),
  ])
  const hits = counter('hits_total', 'Keys that reads have found', ['server'])
  const misses = counter('misses_total', 'Keys that reads have not found', ['server'])
  const connects = seconds('connect_duration_seconds', 'Attempts to connect', ['server', 'error'])
  const reconnects = counter('reconnects_total', 'Connections in place of one that ended', [
    'server',
  ])
  const disconnects = counter('disconnects_total', 'Connections that have ended', [
    ...(['server', 'error'] as const),
  ])
  const waits = seconds('pool_wait_seconds', 'Waits for a client of a pool', ['server', 'error'])
  const events = counter('server_events_total', 'What happened to servers', ['server', 'event'])
  const dead = new Gauge(
    settings('dead_servers', 'Servers that are dead, once for each client', ['server']),
  )
  const figures = new PoolFigures()
  new Gauge({
    ...settings('pool_waiting', 'Calls that wait for a client of a pool', ['server']),
    collect() {
      for (const [server, { waiting }] of figures.totals()) this.set({ server }, waiting)
    },
  })
  new Gauge({
    ...settings('pool_clients', 'Clients of pools: idle or used', ['server', 'state']),
    collect() {
      for (const [server, { idle, used }] of figures.totals()) {
        this.set({ server, state: 'idle' }, idle)
        this.set({ server, state: 'used' }, used)
      }
    },
  })

  const servers = new DeadServers()
  const ends = [
    watchEnds('mc:command', (call, duration) => {
      const { command, server = '', error } = call
      calls.observe({ command, server, error: errorType(error) ?? '' }, duration)
      if (call.hits === undefined) return
      hits.inc({ server }, call.hits)
      misses.inc({ server }, call.misses)
    }),
    watchEnds('mc:request', ({ command, server, error }, duration) => {
      requests.observe({ command, server, error: errorType(error) ?? '' }, duration)
    }),
    watchEnds('mc:connect', ({ server, isReconnect, error }, duration) => {
      connects.observe({ server, error: errorType(error) ?? '' }, duration)
      if (isReconnect && error === undefined) reconnects.inc({ server })
    }),
    watchEvents('mc:disconnect', ({ server, error }) => {
      disconnects.inc({ server, error: errorType(error) ?? '' })
    }),
    watchEnds('mc:acquire', ({ server = '', error }, duration) => {
      waits.observe({ server, error: errorType(error) ?? '' }, duration)
    }),
    watchEvents('mc:pool', (event) => figures.note(event)),
    watchEvents('mc:server', (event) => {
      const { server } = event
      events.inc({ server, event: event.event })
      dead.inc({ server }, servers.note(event))
    }),
  ]
  return () => {
    for (const end of ends) end()
    for (const name of names) registry.removeSingleMetric(name)
  }
}
