// How long a fresh process takes to its first value. Usage: pnpm --filter @mc/bench startup [--rounds 15] [--write]
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { memcached } from '@mc/testing'
import { startRedis } from './redis-server.ts'
import { median } from './report.ts'

/** One start, in milliseconds. */
interface Start {
  /** Whole processes: one that makes a client and ends, less one that loads nothing. */
  readonly extra: number
  /** To load it and to make a client. */
  readonly open: number
  /** To connect, and to the first answer. */
  readonly get: number
}

const run = promisify(execFile)
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    write: { type: 'boolean', default: false },
  },
})
const program = fileURLToPath(new URL('./startup-program.js', import.meta.url))
const CLIENTS = ['mc', 'mc hash', 'memcache', 'memcache-client', 'memjs', 'memcached']
const STORES = ['ioredis (redis-server)', 'redis (redis-server)']

const server = await memcached.start({ args: ['-t', '1'] })
const redis = await startRedis()
try {
  const clients = redis === undefined ? CLIENTS : [...CLIENTS, ...STORES]
  const starts = new Map<string, Start[]>(clients.map((client) => [client, []]))
  const loads: number[] = []
  // In turn, so that a slow minute of the machine meets them alike. The first round fills the disk's cache.
  for (let round = 0; round <= Number(options.rounds); round++) {
    const nothing = await timeOf('nothing')
    const load = (await timeOf('loaded')) - nothing
    if (round > 0) loads.push(load)
    for (const client of clients) {
      const one = { ...(await start(client)), extra: (await timeOf(client)) - nothing }
      if (round > 0) starts.get(client)?.push(one)
    }
  }
  const report = `# Start-up\n\nNode ${process.version}, ${options.rounds} fresh processes each, in turn. Medians in milliseconds.\n\n${formatStarts(starts)}\nA process that only loads \`@mc/client\` takes ${median(loads).toFixed(1)} ms more than one that loads nothing.\n`
  console.log(report)
  if (options.write) await writeFile(new URL('../results/startup.md', import.meta.url), report)
} finally {
  await server.stop()
  redis?.stop()
}

async function start(client: string): Promise<Omit<Start, 'extra'>> {
  return JSON.parse(await runProgram(client))
}

async function timeOf(client: string): Promise<number> {
  const begun = performance.now()
  await runProgram(client, 'made')
  return performance.now() - begun
}

async function runProgram(client: string, ...end: readonly string[]): Promise<string> {
  const own = [program, client, server.name, redis?.name ?? '', ...end]
  const args = ['-c', '0', process.execPath, ...own]
  const { stdout } = await run('taskset', args, { timeout: 60_000 })
  return stdout
}

function formatStarts(starts: ReadonlyMap<string, readonly Start[]>): string {
  const lines = [
    '| client | to load and make it | to its first value | both | process that only makes it, beyond one that loads nothing |',
    '|---|--:|--:|--:|--:|',
  ]
  for (const [client, all] of starts) {
    const cells = [
      median(all.map(({ open }) => open)),
      median(all.map(({ get }) => get)),
      median(all.map(({ open, get }) => open + get)),
      median(all.map(({ extra }) => extra)),
    ]
    lines.push(`| ${client} | ${cells.map((ms) => ms.toFixed(1)).join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}
