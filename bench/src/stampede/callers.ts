import { setTimeout as sleep } from 'node:timers/promises'
import { now } from './clock.ts'
import type { Subject } from './contenders/contender.ts'
import type { Read } from './messages.ts'
import { say } from './source-link.ts'

/** Milliseconds between two reads of a caller, on average. */
const PAUSE = 200
/** Milliseconds between two messages with the reads since the last one. */
const REPORT = 250

/** So many callers read, each one read at a time, until the signal aborts. */
export async function runCallers(
  subject: Subject,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  let reads: Read[] = []
  const report = (): void => {
    say({ kind: 'reads', reads })
    reads = []
  }
  const timer = setInterval(report, REPORT)
  const call = async (): Promise<void> => {
    await sleep(PAUSE * Math.random()) // not all at once
    while (!signal.aborted) {
      const begin = now()
      try {
        const version = await subject.read()
        reads.push({ begin, end: now(), version })
      } catch (error) {
        say({ kind: 'failed', what: String(error) })
      }
      await sleep(PAUSE * (0.5 + Math.random()))
    }
  }
  await Promise.all(Array.from({ length: count }, call))
  clearInterval(timer)
  report()
}
