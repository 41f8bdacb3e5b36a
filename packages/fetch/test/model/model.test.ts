import { memcached, seededRandom } from '@mc/testing'
import fc from 'fast-check'
import { test } from 'vitest'
import { runs, seed } from '../../../../test-support/amounts.ts'
import { Fleet } from './fleet.ts'
import { EmbeddedModelServer, type ModelServer, RealModelServer } from './model-server.ts'
import { type Setting, setting, steps } from './schedule.ts'
import { VirtualTime } from './virtual-time.ts'

/** Milliseconds for so many schedules; half of them would do on a busy machine. */
const timeFor = (numRuns: number): number => 60_000 + 60 * numRuns

const EMBEDDED_RUNS = runs(300, 10_000)
const REAL_RUNS = runs(150, 300)

/** Follows so many random schedules, each in a time of its own. */
async function followAll(
  numRuns: number,
  serverFor: (setting: Setting, time: VirtualTime) => ModelServer | Promise<ModelServer>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(setting, steps, fc.nat(), async (setting, steps, random) => {
      const time = new VirtualTime()
      const server = await serverFor(setting, time)
      await time.during(seededRandom(random), () => new Fleet(time, server, setting).follow(steps))
    }),
    // A fault is reported in time, if not in its shortest form.
    { numRuns, seed, interruptAfterTimeLimit: timeFor(numRuns) / 2 },
  )
}

test('whatever happens, reads answer what holds, loads are one at a time, and nothing is left', {
  tags: ['long'],
  timeout: timeFor(EMBEDDED_RUNS),
}, async () => {
  await followAll(
    EMBEDDED_RUNS,
    ({ version }, time) => new EmbeddedModelServer(version, () => time.now),
  )
})

test('so it is on a real server', {
  tags: ['long', 'memcached'],
  timeout: timeFor(REAL_RUNS),
}, async () => {
  await using real = await memcached.start()
  using server = await RealModelServer.connect(real.port)
  await followAll(REAL_RUNS, async () => {
    await server.restart()
    return server
  })
})
