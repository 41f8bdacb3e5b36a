// What share of its floor a client has, both in turn within one process.
// Usage: pnpm --filter @mc/bench shares [--rounds 25] [--seconds 0.2] [--only text] [--write]
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { memcached } from '@mc/testing'
import { median, whole } from '../report.ts'
import { WORKLOADS, type Workload } from '../workloads.ts'
import type { InTurn, InTurnTask } from './program.ts'

const run = promisify(execFile)
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '0.2' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
})
const program = fileURLToPath(new URL('./program.js', import.meta.url))

// This process and the servers it starts keep to core 1 (see the script `shares`), clients to core 0.
const args = ['-t', '1', '-m', '512']
const all = await Promise.all(Array.from({ length: 7 }, () => memcached.start({ args })))
const names = all.map((server) => server.name)
const lines = [
  '| workload | floor | mc, per second | of its floor | least client, of the floor | mc, of the least client |',
  '|---|---|--:|--:|--:|--:|',
]
console.log(lines.join('\n'))
try {
  for (const workload of WORKLOADS) {
    const floor = workload.floors.find((it) => it !== 'least')
    if (floor === undefined || !workload.name.includes(options.only)) continue
    const line = lineOf(workload.name, floor, await measure(workload, floor))
    lines.push(line)
    console.log(line)
  }
} finally {
  for (const server of all) await server.stop()
}
const report = `# Shares of the floors

Node ${process.version}. Client, floor and least client in turn, in one process: ${options.rounds} rounds of ${options.seconds} s for each. The shares are
the medians of those of the rounds; in brackets the middle half of them.

${lines.join('\n')}
`
if (options.write) await writeFile(new URL('../../results/shares.md', import.meta.url), report)

async function measure(
  { name, servers: count }: Workload,
  floor: InTurnTask['floor'],
): Promise<InTurn> {
  const task: InTurnTask = {
    workload: name,
    floor,
    rounds: Number(options.rounds),
    seconds: Number(options.seconds),
    servers: names.slice(0, count),
    floorServers: names.slice(3, 3 + count),
    leastServer: names[6] ?? '',
    redis: '',
    ca: undefined,
  }
  const command = ['-c', '0', process.execPath, program, JSON.stringify(task)]
  const { stdout } = await run('taskset', command, { timeout: 300_000 })
  return JSON.parse(stdout)
}

function lineOf(name: string, floor: string, speeds: InTurn): string {
  const { client, least } = speeds
  const cells = [
    name,
    floor,
    whole(median(client)),
    share(client, speeds.floor),
    least.length === 0 ? '' : share(least, speeds.floor),
    least.length === 0 ? '' : share(client, least),
  ]
  return `| ${cells.join(' | ')} |`
}

/** The median of the ratios within the rounds, and their quartiles. */
function share(ours: readonly number[], theirs: readonly number[]): string {
  const ratios = ours.map((speed, round) => speed / (theirs[round] ?? 0)).sort((a, b) => a - b)
  const at = (part: number): string =>
    (ratios[Math.floor(part * (ratios.length - 1))] ?? 0).toFixed(2)
  return `${at(0.5)} (${at(0.25)} to ${at(0.75)})`
}
