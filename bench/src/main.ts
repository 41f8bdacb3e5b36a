// Usage: pnpm bench [--rounds 5] [--seconds 1] [--only text] [--ours] [--write] [--compare]
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { memcached, testCertificate } from '@mc/testing'
import { chartFile, drawChart } from './chart.ts'
import { compareWithLast, runFigures } from './compare.ts'
import { FLOOR } from './floor.ts'
import type { Measurement, Task } from './measure.ts'
import { writeReadmeFigures } from './readme-figures.ts'
import { startRedis } from './redis-server.ts'
import { formatReport, kindOf, type Row, summarize } from './report.ts'
import { WORKLOADS, type Workload } from './workloads.ts'

const run = promisify(execFile)
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    ours: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
  },
})
if (options.write && options.ours) throw new Error('--write needs the peers: leave out --ours')
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

// This process and the servers it starts keep to core 1 (see the script `bench`), clients to core 0.
const CLIENT_CORE = '0'

const binary = memcached.find()
if (binary === undefined) throw new Error('memcached is not installed')
const certificate = testCertificate()
const args = ['-t', '1', '-m', '512']
const servers = await Promise.all([1, 2, 3].map(() => memcached.start({ args })))
const tlsServer = await memcached.start({ args, tls: certificate })
const redis = await startRedis()
const hasPymemcache = await run('/usr/bin/python3', ['-c', 'import pymemcache']).then(
  () => true,
  () => false,
)
try {
  const rows: Row[] = []
  for (const workload of WORKLOADS.filter(({ name }) => name.includes(options.only))) {
    const row = await measureAll(workload)
    rows.push(row)
    console.log(formatReport([row]))
  }
  console.log(summarize(rows))
  const { stdout } = await run(binary, ['-V'])
  const setting = `Node ${process.version}, ${stdout.trim()}, ${options.rounds} rounds of ${options.seconds} s`
  if (options.write) await writeResults(setting, rows)
  if (options.compare) {
    console.log(
      await compareWithLast(new URL('../.last-run.json', import.meta.url), runFigures(rows)),
    )
  }
} finally {
  for (const server of [...servers, tlsServer]) await server.stop()
  redis?.stop()
}

async function writeResults(setting: string, rows: readonly Row[]): Promise<void> {
  await mkdir(path('../results'), { recursive: true })
  for (const row of rows) {
    await writeFile(path(`../results/${chartFile(row.workload)}`), drawChart(row))
  }
  const head = `# Results\n\n${setting}. Medians of the rounds.\n\n${summarize(rows)}`
  const notes = await readFile(path('../notes.md'), 'utf8')
  await writeReadmeFigures(new URL('../../README.md', import.meta.url), rows)
  await writeFile(path('../RESULTS.md'), [head, notes, formatReport(rows)].join('\n'))
}

/** All clients in turn, round after round, so that a slow minute of the machine meets them alike. */
async function measureAll(workload: Workload): Promise<Row> {
  const [first = '', ...others] = workload.clients.filter(
    (client) => isInstalled(client) && (!options.ours || kindOf(client) === 'ours'),
  )
  // Next to ours, for the ratio that a slow minute between the two would change.
  const clients = [first, ...workload.floors.map((command) => FLOOR + command), ...others]
  const measurements = new Map<string, Measurement[]>(clients.map((client) => [client, []]))
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const client of clients) measurements.get(client)?.push(await measure(workload, client))
  }
  return { workload: workload.name, measurements }
}

function isInstalled(client: string): boolean {
  if (client === 'pymemcache') return hasPymemcache
  return redis !== undefined || !client.includes('redis-server')
}

async function measure({ name, tls, ...workload }: Workload, client: string): Promise<Measurement> {
  const task: Task = {
    workload: name,
    client,
    seconds: Number(options.seconds),
    servers: (tls ? [tlsServer] : servers.slice(0, workload.servers)).map((server) => server.name),
    redis: redis?.name ?? '',
    ca: tls ? certificate.cert : undefined,
  }
  const [command = '', ...rest] =
    client === 'pymemcache'
      ? [
          '/usr/bin/python3',
          path('../src/measure.py'),
          task.servers[0] ?? '',
          name.slice(0, 3),
          options.seconds,
        ]
      : [process.execPath, path('./measure.js'), JSON.stringify(task)]
  const { stdout } = await run('taskset', ['-c', CLIENT_CORE, command, ...rest], {
    timeout: 120_000,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measurement
}
