import { readFileSync } from 'node:fs'
import { HashClient } from '@mc/hash'
import { MemcachedServer } from '@mc/testing'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { parser } from '@prometheus-io/lezer-promql'
import { Registry } from 'prom-client'
import { beforeAll, describe, expect, test } from 'vitest'
import { MemcacheInstrumentation } from '../src/index.ts'
import { collectMemcacheMetrics } from '../src/prometheus/index.ts'
import { useSmallPool } from './small-pool.ts'

const page = readFileSync(new URL('../../../docs/recipes/alerts.md', import.meta.url), 'utf8')
const alerts = page.slice(page.indexOf('## The alerts'))

/** The text in backticks in one column of the tables of a text. */
function column(text: string, index: number): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| '))
  // A bar in a cell is escaped.
  const cells = rows.map((row) => row.split(/(?<!\\)\|/)[index + 1] ?? '')
  return cells.flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, code = '']) => code))
}

const [alertTable = '', namesTable = ''] = alerts.split("With OpenTelemetry's exporter")
const queries = column(alertTable, 1).map((query) => query.replaceAll('\\|', '|'))

interface Parsed {
  readonly metrics: string[]
  readonly labels: string[]
  readonly errors: number
}

function parsed(query: string): Parsed {
  const found = { metrics: [] as string[], labels: [] as string[], errors: 0 }
  parser.parse(query).iterate({
    enter({ type, from, to }) {
      if (type.isError) found.errors++
      if (type.name === 'Identifier') found.metrics.push(query.slice(from, to))
      if (type.name === 'LabelName') found.labels.push(query.slice(from, to))
    },
  })
  return found
}

/** The samples of an exposition, each with its labels. */
function samplesOf(exposition: string): Map<string, Set<string>> {
  const samples = new Map<string, Set<string>>()
  for (const line of exposition.split('\n')) {
    const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? \S+/.exec(line) ?? []
    if (name === undefined) continue
    const known = samples.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    samples.set(name, known)
  }
  return samples
}

/** An outage and a pool that is too small, after which every metric has a sample. */
async function useCaches(): Promise<void> {
  await using server = await MemcachedServer.start()
  await useSmallPool(server.name)
  await using dead = new HashClient(['127.0.0.1:1'], { retryAttempts: 0, maxDeadServers: 1 })
  await dead.get('a').catch(() => {})
}

let byPromClient: Map<string, Set<string>>
let byOpenTelemetry: Map<string, Set<string>>
beforeAll(async () => {
  const registry = new Registry()
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const ends = [
    collectMemcacheMetrics({ registry }),
    registerInstrumentations({
      instrumentations: [new MemcacheInstrumentation()],
      meterProvider: new MeterProvider({ readers: [exporter] }),
    }),
  ]
  await useCaches()
  const { resourceMetrics } = await exporter.collect()
  byPromClient = samplesOf(await registry.metrics())
  byOpenTelemetry = samplesOf(new PrometheusSerializer().serialize(resourceMetrics))
  for (const end of ends) end()
})

describe('the queries of the documentation', () => {
  test.each(queries)('%s is PromQL of metrics and labels that are exported', (query) => {
    const { metrics, labels, errors } = parsed(query)
    expect(errors).toBe(0)
    expect(metrics).not.toEqual([])
    const known = new Set<string>()
    for (const metric of metrics) {
      expect([...byPromClient.keys()]).toContain(metric)
      for (const label of byPromClient.get(metric) ?? []) known.add(label)
    }
    expect([...known]).toEqual(expect.arrayContaining(labels))
  })

  test('have their metrics, and no others, in the table of names with OpenTelemetry', () => {
    const used = queries.flatMap((query) => parsed(query).metrics)
    const families = used.map((name) => name.replace(/_(count|bucket)$/, ''))
    expect(new Set(column(namesTable, 0))).toEqual(new Set(families))
  })

  test('have the names with OpenTelemetry that its exporter makes', () => {
    const labels = new Set([...byOpenTelemetry.values()].flatMap((of) => [...of]))
    const names = [...byOpenTelemetry.keys()].map((name) =>
      name.replace(/_(count|sum|bucket)$/, ''),
    )
    const documented = column(namesTable, 1)
    expect(documented.length).toBeGreaterThan(8)
    expect([...names, ...labels, 'server', 'event']).toEqual(expect.arrayContaining(documented))
    expect([...labels]).toEqual(
      expect.arrayContaining(['error_type', 'server_address', 'server_port', 'le']),
    )
  })
})

test('the README lists the metrics that are exported to Prometheus, with their labels', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, table = ''] = readme.split('## Prometheus')
  const listed = column(table, 0)
  const exported = [...byPromClient.keys()].map((name) => name.replace(/_(count|sum|bucket)$/, ''))
  expect(new Set(listed)).toEqual(new Set(exported))
})
