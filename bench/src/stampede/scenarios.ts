import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@mc/testing'
import { now } from './clock.ts'
import type { Silence } from './records.ts'
import type { StoreServer } from './store-server.ts'

/** What the fleet goes through. */
export interface Scenario {
  readonly name: 'expiries' | 'invalidations' | 'overload'
  /** There is a writer. */
  readonly writes: boolean
  /** Milliseconds that a command of the cache may take. */
  readonly timeout?: number
  /** Goes on until the signal aborts; answers when the cache was silent. */
  disturb(server: StoreServer, signal: AbortSignal): Promise<readonly Silence[]>
}

/** Milliseconds for which an overloaded server is silent. */
const SILENCE = 300
/** Milliseconds that a command may take meanwhile. */
const TIMEOUT = 100
/** Milliseconds between two silences, at least and at most. */
const PAUSES = [1500, 3500] as const
/** Every contender meets the same pauses. */
const SEED = 2

export const SCENARIOS: readonly Scenario[] = [
  { name: 'expiries', writes: false, disturb: async () => [] },
  { name: 'invalidations', writes: true, disturb: async () => [] },
  { name: 'overload', writes: false, timeout: TIMEOUT, disturb: silenceNowAndThen },
]

/** Stops the server's process now and then, as a host does that has too much to do. */
async function silenceNowAndThen({ pid }: StoreServer, signal: AbortSignal): Promise<Silence[]> {
  const silences: Silence[] = []
  const random = seededRandom(SEED)
  const [least, most] = PAUSES
  while (await passes(least + (most - least) * random(), signal)) {
    const from = now()
    process.kill(pid, 'SIGSTOP')
    await passes(SILENCE, signal)
    process.kill(pid, 'SIGCONT')
    silences.push({ from, to: now() + TIMEOUT })
  }
  return silences
}

/** Whether the time passed before the signal aborted. */
function passes(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return sleep(milliseconds, true, { signal }).catch(() => false)
}
