// What a cache does, as spans and metrics of OpenTelemetry. Runs on an embedded server, and prints what was recorded.
import { Client } from '@mc/client'
import { MemcacheInstrumentation } from '@mc/opentelemetry'
import { MemcachedServer } from '@mc/testing'
import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'

const spans = new InMemorySpanExporter()
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({
  exporter: measured,
  exportIntervalMillis: 60_000,
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
)
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
const stop = registerInstrumentations({ instrumentations: [new MemcacheInstrumentation()] })

const server = await MemcachedServer.start()
const cache = new Client(server.name)
const tracer = trace.getTracer('example')

await tracer.startActiveSpan('a request', async (request) => {
  await cache.set('user:1', 'Ada')
  await cache.getMany(['user:1', 'user:2', 'user:3'])
  server.inject({ kind: 'error', line: 'SERVER_ERROR busy', command: 'mg', times: 1 })
  await cache.get('user:1').catch(() => undefined)
  request.end()
})

const recorded = spans.getFinishedSpans()
const root = recorded.find(({ name }) => name === 'a request')
for (const { name, parentSpanContext, attributes } of recorded) {
  const isChild = parentSpanContext?.spanId === root?.spanContext().spanId
  const error = attributes['error.type'] === undefined ? '' : `, ${attributes['error.type']}`
  console.log(`${isChild ? '  ' : ''}${name.replace(/:\d+$/, '')}${error}`)
}

await reader.forceFlush()
for (const { descriptor, dataPoints } of measured.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ??
  []) {
  for (const { attributes, value } of dataPoints) {
    const what = attributes['db.operation.name'] ?? ''
    const count = typeof value === 'number' ? value : value.count
    console.log(`${descriptor.name} ${what} ${count}`)
  }
}

stop()
await cache.close()
await server.stop()
await reader.shutdown()
