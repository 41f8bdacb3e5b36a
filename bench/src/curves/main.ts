// Usage: pnpm --filter @mc/bench curves [--rounds 5] [--seconds 0.6] [--only text] [--write]
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { memcached } from '@mc/testing'
import { FLOOR } from '../floor.ts'
import type { Measurement, Task } from '../measure.ts'
import { median, whole } from '../report.ts'
import type { Workload } from '../workloads.ts'
import { curveFile, drawCurve } from './chart.ts'
import { CURVES, type Curve } from './curves.ts'

const run = promisify(execFile)
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.6' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
})

/** A point with the medians of its rounds. */
export interface Measured {
  readonly x: number
  readonly perSecond: number
  readonly min: number
  readonly max: number
  /** Microseconds for each get. */
  readonly cpu: number
  /** What it is of the floor; NaN where there is none. */
  readonly share: number
}

// As in the benchmark: this process and its servers on core 1, the client on core 0.
const most = Math.max(...CURVES.flatMap(({ points }) => points.map((it) => it.workload.servers)))
const servers = await Promise.all(
  Array.from({ length: most }, () => memcached.start({ args: ['-t', '1', '-m', '256'] })),
)
const parts: string[] = []
try {
  for (const curve of CURVES.filter(({ title }) => title.includes(options.only))) {
    const measured = await measureCurve(curve)
    const table = formatCurve(curve, measured)
    console.log(table)
    parts.push(`${table}\n${curve.why}\n\n![${curve.title}](${curveFile(curve)})\n`)
    if (options.write) {
      await writeFile(path(`../../results/${curveFile(curve)}`), drawCurve(curve, measured))
    }
  }
} finally {
  await Promise.all(servers.map((server) => server.stop()))
}
if (options.write) {
  const { stdout } = await run(memcached.find() ?? '', ['-V'])
  const head = `# How the cost of a get grows\n\nNode ${process.version}, ${stdout.trim()}, ${options.rounds} rounds of ${options.seconds} s, in turn. Medians.\n`
  await writeFile(path('../../results/curves.md'), [head, ...parts].join('\n'))
}

/** All points in turn, round after round, so that a slow minute of the machine meets them alike. */
async function measureCurve({ points }: Curve): Promise<Measured[]> {
  const all = points.map((): Measurement[] => [])
  const shares = points.map((): number[] => [])
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [i, { client, workload, floor }] of points.entries()) {
      const one = await measure(client, workload)
      all[i]?.push(one)
      if (floor === undefined) continue
      const { perSecond } = await measure(FLOOR + floor, workload)
      shares[i]?.push(one.perSecond / perSecond)
    }
  }
  return points.map(({ x, floor }, i) => {
    const speeds = (all[i] ?? []).map(({ perSecond }) => perSecond)
    const cpus = (all[i] ?? []).map(({ cpu = 0 }) => cpu)
    const [min, max] = [Math.min(...speeds), Math.max(...speeds)]
    const share = floor === undefined ? Number.NaN : median(shares[i] ?? [])
    return { x, perSecond: median(speeds), min, max, cpu: median(cpus), share }
  })
}

async function measure(client: string, workload: Workload): Promise<Measurement> {
  const task: Task = {
    ...{ workload: workload.name, client, seconds: Number(options.seconds), redis: '' },
    ...{ servers: servers.slice(0, workload.servers).map(({ name }) => name), ca: undefined },
  }
  const program = [process.execPath, path('../measure.js'), JSON.stringify(task)]
  const { stdout } = await run('taskset', ['-c', '0', ...program], { timeout: 120_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measurement
}

function formatCurve({ title, unit }: Curve, measured: readonly Measured[]): string {
  const hasFloor = measured.some(({ share }) => !Number.isNaN(share))
  const lines = [
    `## ${title}\n`,
    `| ${unit} | gets per second | min to max | CPU us |${hasFloor ? ' of the floor |' : ''}`,
    `|--:|--:|--:|--:|${hasFloor ? '--:|' : ''}`,
    ...measured.map(({ x, perSecond, min, max, cpu, share }) => {
      const speeds = `${whole(perSecond)} | ${whole(min)} to ${whole(max)}`
      return `| ${whole(x)} | ${speeds} | ${cpu.toFixed(2)} |${hasFloor ? ` ${share.toFixed(2)} |` : ''}`
    }),
  ]
  return `${lines.join('\n')}\n`
}
