import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@mc/testing'
import { now } from './clock.ts'
import type { Subject } from './contenders/contender.ts'
import { type SourceLink, say } from './source-link.ts'

/** Every contender meets the same pauses. */
const SEED = 1

/** Changes the source and invalidates, again and again, until the signal aborts. */
export async function runWriter(
  subject: Subject,
  source: SourceLink,
  load: number,
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(SEED)
  while (!signal.aborted) {
    // Half of the writes come while a load from before them is likely to be on its way, the others into a full cache.
    const pause = random() < 0.5 ? load * random() : load * (2.5 + 5 * random())
    await sleep(pause)
    const version = await source.write()
    try {
      await subject.invalidate()
      say({ kind: 'confirmed', version, at: now() })
    } catch (error) {
      say({ kind: 'failed', what: String(error) })
    }
  }
}
