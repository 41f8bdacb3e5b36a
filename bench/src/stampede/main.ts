// Usage: pnpm --filter @mc/bench stampede [--processes 20] [--seconds 20] [--reads 50000] [--only text] [--write]
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Contender } from './contenders/contender.ts'
import { CONTENDERS } from './contenders/index.ts'
import { type Figures, figuresOf } from './figures.ts'
import { Fleet } from './fleet.ts'
import type { Task } from './messages.ts'
import { brokenPromises } from './promises.ts'
import { formatStampede } from './report.ts'
import type { Result } from './result.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { startStore } from './store-server.ts'

const { values: options } = parseArgs({
  options: {
    processes: { type: 'string', default: '20' },
    callers: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '20' },
    reads: { type: 'string', default: '50000' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
})
const processes = Number(options.processes)
const callers = Number(options.callers)
const seconds = Number(options.seconds)
const reads = Number(options.reads)
/** Seconds until the value expires. */
const EXPIRE = 2
/** Milliseconds of a load. */
const LOAD = 200
/** How the names of our contenders begin. Ratios compare with the contender of exactly this name. */
const OURS = 'mc fetch'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const results: Result[] = []
const missing = new Set<string>()
const contenders = CONTENDERS.filter(({ name }) => name.includes(options.only))
if (contenders.length === 0) throw new Error(`no contender has ${options.only} in its name`)
for (const contender of contenders) {
  const result = await measure(contender)
  if (result === undefined) {
    missing.add(contender.store)
    console.log(`${contender.name} is left out: ${contender.store} is not installed`)
  } else {
    results.push(result)
    console.log(`${contender.name} is measured`)
  }
}
const report = await describe()
console.log(report)
if (options.write) await writeFile(path('../../results/stampede.md'), report)

const broken = results
  .filter(({ contender }) => contender.startsWith(OURS))
  .flatMap((result) => brokenPromises(result, { load: LOAD, reads }))
for (const sentence of broken) console.error(`broken: ${sentence}`)
const isUnmeasured = contenders.some(
  ({ name, store }) => name.startsWith(OURS) && missing.has(store),
)
if (isUnmeasured) console.error(`broken: nothing is known of ${OURS}, as a program is missing`)
if (broken.length > 0 || isUnmeasured) process.exitCode = 1

/** Each scenario on a fresh server; `undefined` where its program is not installed. */
async function measure(contender: Contender): Promise<Result | undefined> {
  const figures: Partial<Record<Scenario['name'], Figures>> = {}
  for (const scenario of SCENARIOS) {
    const one = await run(contender, scenario)
    if (one === undefined) return undefined
    figures[scenario.name] = one
  }
  return { contender: contender.name, figures: figures as Result['figures'] }
}

async function run(contender: Contender, scenario: Scenario): Promise<Figures | undefined> {
  const server = await startStore(contender.store)
  if (server === undefined) return undefined
  const task: Task = {
    contender: contender.name,
    role: 'callers',
    server: server.name,
    expire: EXPIRE,
    timeout: scenario.timeout,
    callers,
    load: LOAD,
  }
  const tasks = Array.from({ length: processes }, () => task)
  if (scenario.writes) tasks.push({ ...task, role: 'writer' })
  try {
    const records = await Fleet.run(
      tasks,
      { seconds, reads: scenario.writes ? reads : 0 },
      (signal) => scenario.disturb(server, signal),
    )
    return figuresOf(records)
  } finally {
    await server.stop()
  }
}

async function describe(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(path('../../package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>
  }
  const versions = ['@epic-web/cachified', 'async-cache-dedupe', 'bentocache'].map(
    (name) => `${name} ${dependencies[name]}`,
  )
  const setting = [
    `Node ${process.version}; ${versions.join(', ')}.`,
    `${processes} processes of ${callers} callers read one key that expires after ${EXPIRE} s and takes ${LOAD} ms to load,`,
    `for ${seconds} s in each scenario.`,
    'Waits include those of the machine: `stall ms` is the longest time for which the event loop of a calling process stood still.',
    ...[...missing].map(
      (program) => `Without the contenders that need ${program}: it is not installed.`,
    ),
  ]
  return `# The stampede\n\n${setting.join(' ')}\n\n${formatStampede(results, OURS)}`
}
