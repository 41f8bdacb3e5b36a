import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@mc/client'
import { MemcachedServer } from '@mc/testing'
import { type Context, context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { instrumentMemcached } from '../opentelemetry/instrument.ts'

const spans = new InMemorySpanExporter()
const measured = new InMemoryMetricExporter(AggregationTemporality.DELTA)
const reader = new PeriodicExportingMetricReader({
  exporter: measured,
  exportIntervalMillis: 1e9,
})
/** The contexts in which durations were recorded. */
const contexts: Context[] = []
const provider = new MeterProvider({
  readers: [reader],
  views: [
    {
      instrumentName: 'db.client.operation.duration',
      attributesProcessors: [
        {
          process(attributes, of) {
            if (of !== undefined) contexts.push(of)
            return attributes
          },
        },
      ],
    },
  ],
})
let stop = (): void => {}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  )
  metrics.setGlobalMeterProvider(provider)
})
beforeEach(() => {
  stop = instrumentMemcached()
})
afterEach(async () => {
  stop()
  await reader.forceFlush()
  spans.reset()
  measured.reset()
  contexts.length = 0
})
afterAll(async () => {
  await provider.shutdown()
  for (const api of [context, trace, metrics]) api.disable()
})

function inRequest<T>(name: string, body: () => Promise<T>): Promise<T> {
  return trace.getTracer('test').startActiveSpan(name, (span) => body().finally(() => span.end()))
}

function spanOf(name: string): ReadableSpan {
  const found = spans.getFinishedSpans().filter((span) => span.name === name)
  expect(found).toHaveLength(1)
  return found[0] as ReadableSpan
}

describe('instrumentMemcached', () => {
  test('makes a client span of each command below that of its caller, on a shared connection too', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    await inRequest('first', () => cache.set('secret', 'hidden'))
    await inRequest('second', () => cache.get('secret'))
    const get = spanOf(`get ${server.name}`)
    expect(get.kind).toBe(SpanKind.CLIENT)
    expect(get.status.code).toBe(SpanStatusCode.UNSET)
    expect(get.parentSpanContext?.spanId).toBe(spanOf('second').spanContext().spanId)
    expect(spanOf(`set ${server.name}`).parentSpanContext?.spanId).toBe(
      spanOf('first').spanContext().spanId,
    )
    expect(get.attributes).toEqual({
      'db.system.name': 'memcached',
      'db.operation.name': 'get',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    })
    const text = JSON.stringify(
      spans.getFinishedSpans().map((span) => [span.name, span.attributes]),
    )
    expect(text).not.toMatch(/secret|hidden/)
    // Metrics belong to the same traces, for exemplars.
    const recorded = contexts.map((of) => trace.getSpanContext(of)?.spanId)
    expect(recorded).toEqual(
      ['set', 'get'].map((name) => spanOf(`${name} ${server.name}`).spanContext().spanId),
    )
  })

  test('tells the class of an error, and ends each span once', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    server.inject({ kind: 'error', line: 'SERVER_ERROR busy', command: ['mg', 'get'] })
    await cache.get('k').catch(() => undefined)
    const { attributes, status } = spanOf(`get ${server.name}`)
    expect(attributes['error.type']).toBe('MEMCACHE_SERVER_ERROR')
    expect(status.code).toBe(SpanStatusCode.ERROR)
    await server.stop()
    await using nobody = new Client(server.name)
    await nobody.connect().catch(() => undefined)
    const connect = spans.getFinishedSpans().at(-1)
    expect(connect?.name).toBe(`connect ${server.name}`)
    expect(connect?.attributes['error.type']).toBe('MEMCACHE_CONNECT')
  })

  test('names servers by IPv6 and by path', async () => {
    const path = join(tmpdir(), `mc-instrument-${process.pid}.sock`)
    for (const [options, address] of [
      [{ host: '::1' }, '::1'],
      [{ path }, path],
    ] as const) {
      await using server = await MemcachedServer.start(options)
      await using cache = new Client(server.name)
      await cache.get('k')
      const port = 'host' in options ? server.port : undefined
      const { attributes } = spanOf(`get ${port === undefined ? path : `${address}:${port}`}`)
      expect(attributes['server.address']).toBe(address)
      expect(attributes['server.port']).toBe(port)
    }
  })

  test('measures seconds in buckets below a millisecond, and counts hits and misses', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    await cache.set('a', 1)
    await cache.getMany(['a', 'b', 'c'])
    await reader.forceFlush()
    const found = measured.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? []
    const [duration, lookups] = found
    expect(duration?.descriptor).toMatchObject({ name: 'db.client.operation.duration', unit: 's' })
    const histogram = duration?.dataPoints[0]?.value as Histogram | undefined
    expect(histogram?.count).toBe(1)
    expect(histogram?.sum).toBeLessThan(1)
    const bounds = histogram?.buckets.boundaries ?? []
    expect(bounds.filter((bound) => bound < 0.001).length).toBeGreaterThan(2)
    const address = { 'server.address': '127.0.0.1' }
    expect(lookups?.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
      [{ ...address, found: true }, 1],
      [{ ...address, found: false }, 2],
    ])
  })
})
