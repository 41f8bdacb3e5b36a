// Usage: pnpm bench [--rounds 5] [--seconds 1] [--only text] [--write]
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { memcached } from '@mc/testing'
import type { Measurement } from './measure.ts'
import { formatReport, type Row } from './report.ts'
import { WORKLOADS, type Workload } from './workloads.ts'

const run = promisify(execFile)
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
})
const MEASURE = fileURLToPath(new URL('./measure.js', import.meta.url))

// This process and the servers it starts keep to core 1 (see the script `bench`), clients to core 0.
const CLIENT_CORE = '0'

const binary = memcached.find()
if (binary === undefined) throw new Error('memcached is not installed')
const servers = await Promise.all(
  [1, 2, 3].map(() => memcached.start({ args: ['-t', '1', '-m', '256'] })),
)
try {
  const rows: Row[] = []
  for (const workload of WORKLOADS.filter(({ name }) => name.includes(options.only))) {
    const row = await measureAll(workload)
    rows.push(row)
    console.log(formatReport([row]))
  }
  const { stdout } = await run(binary, ['-V'])
  const setting = `Node ${process.version}, ${stdout.trim()}, ${options.rounds} rounds of ${options.seconds} s`
  if (options.write) {
    const file = fileURLToPath(new URL('../RESULTS.md', import.meta.url))
    await writeFile(file, `# Results\n\n${setting}\n\n${formatReport(rows)}`)
  }
} finally {
  for (const server of servers) await server.stop()
}

/** All clients in turn, round after round, so that a slow minute of the machine meets them alike. */
async function measureAll(workload: Workload): Promise<Row> {
  const clients = [
    ...workload.clients,
    ...(workload.floor && workload.servers === 1 ? ['floor'] : []),
  ]
  const measurements = new Map<string, Measurement[]>(clients.map((client) => [client, []]))
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const client of clients) measurements.get(client)?.push(await measure(workload, client))
  }
  return { workload: workload.name, measurements }
}

async function measure(workload: Workload, client: string): Promise<Measurement> {
  const names = servers.slice(0, workload.servers).map(({ name }) => name)
  const args = ['-c', CLIENT_CORE, process.execPath, MEASURE, workload.name, client]
  const { stdout } = await run('taskset', [...args, options.seconds, ...names], {
    timeout: 120_000,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measurement
}
