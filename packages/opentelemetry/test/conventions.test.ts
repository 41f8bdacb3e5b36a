import { DiscoveringHashClient } from '@mc/hash'
import { MemcachedServer } from '@mc/testing'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import * as stable from '@opentelemetry/semantic-conventions'
import * as incubating from '@opentelemetry/semantic-conventions/incubating'
import { beforeAll, expect, test } from 'vitest'
import { MemcacheInstrumentation } from '../src/index.ts'
import { useSmallPool } from './small-pool.ts'

let metrics: MetricData[]
let spans: ReadableSpan[]

const NAME = 'cache-1.test'

beforeAll(async () => {
  const memory = new InMemorySpanExporter()
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const stop = registerInstrumentations({
    instrumentations: [new MemcacheInstrumentation()],
    tracerProvider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }),
    meterProvider: new MeterProvider({ readers: [reader] }),
  })
  await useCaches()
  await reader.forceFlush()
  metrics = exporter.getMetrics().flatMap((it) => it.scopeMetrics.flatMap((scope) => scope.metrics))
  spans = memory.getFinishedSpans()
  stop()
  await reader.shutdown()
})

/** After which every metric has a sample, and each kind of span is there. */
async function useCaches(): Promise<void> {
  await using server = await MemcachedServer.start()
  await useSmallPool(server.name)
  const node = { host: NAME, ip: '127.0.0.1', port: server.port }
  const source = { name: 'a source', discover: async () => ({ nodes: [node] }) }
  await using cluster = new DiscoveringHashClient(source, { allowNode: () => true })
  await cluster.getMany(['a', 'b'])
  await server.stop()
  await cluster.get('a').catch(() => {})
}

const valuesOf = (module: object): string[] =>
  Object.values(module).filter((it) => typeof it === 'string')
const STABLE = new Set(valuesOf(stable))
const KNOWN = new Set([...STABLE, ...valuesOf(incubating)])

test('spans have attributes of the stable conventions', () => {
  expect(new Set(spans.map(({ name }) => name.replace(/ .*/, '')))).toEqual(
    new Set(['get', 'getMany', 'connect']),
  )
  const used = new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)))
  expect([...used].filter((name) => !STABLE.has(name))).toEqual([])
  expect(used).toContain(stable.ATTR_ERROR_TYPE)
  for (const { attributes } of spans) {
    expect(attributes).toMatchObject({
      [stable.ATTR_DB_SYSTEM_NAME]: incubating.DB_SYSTEM_NAME_VALUE_MEMCACHED,
      [stable.ATTR_DB_OPERATION_NAME]: expect.any(String),
    })
  }
})

test('calls have the stable metric of database clients with its attributes', () => {
  const calls = metrics.find(
    ({ descriptor }) => descriptor.name === stable.METRIC_DB_CLIENT_OPERATION_DURATION,
  )
  expect(calls?.descriptor).toMatchObject({ unit: 's', type: 'HISTOGRAM' })
  const used = calls?.dataPoints.flatMap(({ attributes }) => Object.keys(attributes)) ?? []
  expect(used).toContain(stable.ATTR_SERVER_ADDRESS)
  expect(used.filter((name) => !STABLE.has(name))).toEqual([])
})

test('all names are those of the conventions, or begin with memcached', () => {
  const names = metrics.flatMap(({ descriptor, dataPoints }) => [
    descriptor.name,
    ...dataPoints.flatMap(({ attributes }) => Object.keys(attributes)),
  ])
  expect(names).toContain(incubating.METRIC_DB_CLIENT_CONNECTION_COUNT)
  const others = new Set(names.filter((name) => !KNOWN.has(name)))
  expect([...others].filter((name) => !name.startsWith('memcached.'))).toEqual([])
})

test('an attempt to connect to a server that was found by its name has its address as well', () => {
  const attempts = spans.filter(
    ({ name, attributes }) =>
      name.startsWith('connect') && attributes[stable.ATTR_SERVER_ADDRESS] === NAME,
  )
  expect(attempts).not.toEqual([])
  for (const { attributes } of attempts) {
    expect(attributes).toMatchObject({
      [stable.ATTR_NETWORK_PEER_ADDRESS]: '127.0.0.1',
      [stable.ATTR_NETWORK_PEER_PORT]: attributes[stable.ATTR_SERVER_PORT],
    })
  }
})
