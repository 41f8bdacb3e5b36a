// One process of a fleet: callers that read the hot key over and over, or the one writer that invalidates it.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCallers } from './callers.ts'
import { CONTENDERS } from './contenders/index.ts'
import type { Task, ToProcess } from './messages.ts'
import { SourceLink, say } from './source-link.ts'
import { runWriter } from './writer.ts'

const task = JSON.parse(process.argv[2] ?? '') as Task
const contender = CONTENDERS.find(({ name }) => name === task.contender)
if (contender === undefined) throw new Error(`no contender ${task.contender}`)

const source = new SourceLink(task.load)
const subject = contender.open(task, () => source.load())
const stop = new AbortController()
const started = new Promise<void>((resolve) => {
  process.on('message', ({ kind }: ToProcess) => {
    if (kind === 'start') resolve()
    if (kind === 'stop') stop.abort()
  })
})

// What fails behind a caller's back is a failure of the contender, not the end of its process.
process.on('unhandledRejection', (error) => say({ kind: 'failed', what: String(error) }))
// It is connected, and the cache is filled, before anything is counted.
while (!(await isReadable())) await sleep(100)
say({ kind: 'ready' })
await started
const delays = monitorEventLoopDelay({ resolution: 10 })
delays.enable()
if (task.role === 'writer') await runWriter(subject, source, task.load, stop.signal)
else await runCallers(subject, task.callers, stop.signal)
say({ kind: 'done', stall: delays.max / 1e6 })

function isReadable(): Promise<boolean> {
  return subject.read().then(
    () => true,
    () => false,
  )
}
