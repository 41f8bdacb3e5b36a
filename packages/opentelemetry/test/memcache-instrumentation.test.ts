import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, MemcacheServerError } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import {
  type Attributes,
  type Context,
  context,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MemcacheInstrumentation, type MemcacheInstrumentationConfig } from '../src/index.ts'

let server: MemcachedServer
const cleanUps: (() => unknown)[] = []

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterAll(() => context.disable())
beforeEach(async () => {
  server = await MemcachedServer.start()
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  await server.stop()
})

/** SDKs as an application starts them, and what they export. */
function startSdks(config?: MemcacheInstrumentationConfig, views: ViewOptions[] = []) {
  const spans = new InMemorySpanExporter()
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spans)],
  })
  const instrumentation = new MemcacheInstrumentation(config)
  const stop = registerInstrumentations({
    instrumentations: [instrumentation],
    tracerProvider,
    meterProvider: new MeterProvider({ readers: [reader], views }),
  })
  cleanUps.push(() => reader.shutdown(), stop)
  /** The points of a metric: what its attributes and its value or count are. */
  const pointsOf = async (name: string) => {
    await reader.forceFlush()
    const all = exporter.getMetrics().at(-1)?.scopeMetrics ?? []
    const metric = all.flatMap(({ metrics }) => metrics).find((it) => it.descriptor.name === name)
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({ attributes, value }))
  }
  const tracer = tracerProvider.getTracer('test')
  return { spans, pointsOf, tracer, stop, instrumentation }
}

const place = () => ({ 'server.address': '127.0.0.1', 'server.port': server.port })

describe('spans', () => {
  test('are made of calls and of attempts to connect, within the span of the caller', async () => {
    const { spans, tracer } = startSdks()
    const cache = new Client(server.name)
    cleanUps.push(() => cache.close())
    await tracer.startActiveSpan('request', async (request) => {
      await cache.getMany(['a', 'b'])
      request.end()
    })
    const finished = spans.getFinishedSpans()
    const request = finished.find(({ name }) => name === 'request')
    const call = finished.find(({ name }) => name === `getMany ${server.name}`)
    expect(call?.kind).toBe(SpanKind.CLIENT)
    expect(call?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(call?.attributes).toEqual({
      'db.system.name': 'memcached',
      'db.operation.name': 'getMany',
      ...place(),
    })
    expect(call?.status.code).toBe(SpanStatusCode.UNSET)
    expect(finished.map(({ name }) => name)).toContain(`connect ${server.name}`)
    expect(finished).toHaveLength(3)
  })

  test('of a call of one key on a HashClient have its server; of failed calls the error', async () => {
    const { spans } = startSdks()
    const cache = new HashClient([server.name])
    cleanUps.push(() => cache.close())
    server.inject({ kind: 'error', line: 'SERVER_ERROR busy', command: 'mg', times: 1 })
    await expect(cache.get('secret')).rejects.toThrow('busy')
    const call = spans.getFinishedSpans().find(({ name }) => name === `get ${server.name}`)
    expect(call?.attributes).toMatchObject({ ...place(), 'error.type': 'MEMCACHE_SERVER_ERROR' })
    expect(call?.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(JSON.stringify([call?.attributes, call?.name, call?.events])).not.toContain('secret')
  })

  test('name servers by IPv6, and by the path of a socket', async () => {
    const { spans } = startSdks()
    const path = join(tmpdir(), `mc-instrumentation-${process.pid}.sock`)
    for (const [options, address] of [
      [{ host: '::1' }, '::1'],
      [{ path }, path],
    ] as const) {
      await using own = await MemcachedServer.start(options)
      await using cache = new Client(own.name)
      await cache.get('k')
      const { attributes } = spans.getFinishedSpans().at(-1) ?? {}
      expect(attributes?.['server.address']).toBe(address)
      expect(attributes?.['server.port']).toBe('host' in options ? own.port : undefined)
    }
  })

  test('are made only within other spans where the config says so', async () => {
    const { spans, tracer } = startSdks({ requireParentSpan: true })
    const cache = new MockMemcacheClient()
    await cache.get('a')
    expect(spans.getFinishedSpans()).toEqual([])
    await tracer.startActiveSpan('request', () => cache.get('a'))
    expect(spans.getFinishedSpans()).toHaveLength(1)
  })

  test('end with the registration, or with disable', async () => {
    const { spans, stop, instrumentation } = startSdks()
    const cache = new MockMemcacheClient()
    stop()
    await cache.get('a')
    expect(spans.getFinishedSpans()).toEqual([])
    instrumentation.enable()
    instrumentation.enable()
    await cache.get('a')
    expect(spans.getFinishedSpans()).toHaveLength(1)
  })
})

describe('metrics', () => {
  test('are recorded in the context of the span of their call, for exemplars', async () => {
    const seen: (string | undefined)[] = []
    const note = (attributes: Attributes, of?: Context): Attributes => {
      if (of !== undefined) seen.push(trace.getSpanContext(of)?.spanId)
      return attributes
    }
    const { spans, tracer, pointsOf } = startSdks(undefined, [
      {
        instrumentName: 'db.client.operation.duration',
        attributesProcessors: [{ process: note }],
      },
    ])
    const cache = new MockMemcacheClient()
    await tracer.startActiveSpan('one', () => cache.get('a'))
    await pointsOf('db.client.operation.duration')
    expect(seen).toEqual(spans.getFinishedSpans().map((span) => span.spanContext().spanId))
  })

  test('have durations by command and error, in buckets from 50 us, and hits and misses', async () => {
    const { pointsOf } = startSdks()
    const cache = new MockMemcacheClient()
    await cache.set('a', 1)
    await cache.getMany(['a', 'b', 'c'])
    cache.failNext(new MemcacheServerError('busy'))
    await cache.get('a').catch(() => {})
    const durations = await pointsOf('db.client.operation.duration')
    const rows = durations.map(({ attributes, value }) => [
      attributes['db.operation.name'],
      attributes['error.type'],
      (value as Histogram).count,
    ])
    expect(rows).toEqual([
      ['set', undefined, 1],
      ['getMany', undefined, 1],
      ['get', 'MEMCACHE_SERVER_ERROR', 1],
    ])
    const [first] = durations
    const { buckets } = (first as NonNullable<typeof first>).value as Histogram
    expect(buckets.boundaries[0]).toBe(0.00005)
    expect(await pointsOf('memcached.client.hits')).toMatchObject([{ value: 1 }])
    expect(await pointsOf('memcached.client.misses')).toMatchObject([{ value: 2 }])
  })

  test('see an outage: refused calls, dead servers, and what came of each server', async () => {
    const { pointsOf } = startSdks()
    const name = '127.0.0.1:1'
    const cache = new HashClient([name], { retryAttempts: 0, maxDeadServers: 1 })
    const calls = await Promise.allSettled(['a', 'b', 'c'].map((key) => cache.get(key)))
    await expect(cache.get('d')).rejects.toThrow('all servers seem to be down')
    expect(calls.every(({ status }) => status === 'rejected')).toBe(true)
    const durations = await pointsOf('db.client.operation.duration')
    const errors = durations.filter((it) => it.attributes['error.type'] === 'MEMCACHE_CONNECT')
    const refused = errors.map(({ value }) => (value as Histogram).count)
    expect(refused.reduce((sum, count) => sum + count, 0)).toBe(4)
    const nowhere = { 'server.address': '127.0.0.1', 'server.port': 1 }
    expect(await pointsOf('memcached.client.servers.dead')).toEqual([
      { attributes: nowhere, value: 1 },
    ])
    expect(await pointsOf('memcached.client.server.events')).toEqual([
      { attributes: { ...nowhere, 'memcached.server.event': 'dead' }, value: 1 },
    ])
    const requests = await pointsOf('memcached.client.request.duration')
    expect(requests).toMatchObject([{ attributes: { 'db.operation.name': 'get', ...nowhere } }])
    await cache.close()
    expect(await pointsOf('memcached.client.servers.dead')).toMatchObject([{ value: 0 }])
  })

  test('have the figures of pools, and connections that end and come again', async () => {
    const { pointsOf } = startSdks()
    const pool = new PooledClient(server.name, { maxPoolSize: 1, maxWaiting: 0 })
    await Promise.allSettled([pool.get('a'), pool.get('b')])
    const label = { 'db.client.connection.pool.name': server.name }
    expect(await pointsOf('db.client.connection.count')).toEqual([
      { attributes: { ...label, 'db.client.connection.state': 'idle' }, value: 1 },
      { attributes: { ...label, 'db.client.connection.state': 'used' }, value: 0 },
    ])
    expect(await pointsOf('db.client.connection.pending_requests')).toMatchObject([{ value: 0 }])
    expect(await pointsOf('db.client.connection.timeouts')).toEqual([
      { attributes: label, value: 1 },
    ])
    expect(await pointsOf('db.client.connection.wait_time')).toHaveLength(2)
    expect(await pointsOf('db.client.connection.create_time')).toHaveLength(1)
    await pool.close()
    const client = new Client(server.name)
    cleanUps.push(() => client.close())
    await client.get('a')
    await client.quit()
    await client.get('a')
    expect(await pointsOf('memcached.client.reconnects')).toEqual([
      { attributes: place(), value: 1 },
    ])
    expect(await pointsOf('memcached.client.disconnects')).not.toEqual([])
  })
})
