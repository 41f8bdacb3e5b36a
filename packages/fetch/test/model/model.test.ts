import { memcached, seededRandom } from '@mc/testing'
import fc from 'fast-check'
import { test } from 'vitest'
import { isLong, runs, seed } from '../../../../test-support/amounts.ts'
import { Fleet } from './fleet.ts'
import { EmbeddedModelServer, type ModelServer, RealModelServer } from './model-server.ts'
import { type Setting, setting, steps } from './schedule.ts'
import { VirtualTime } from './virtual-time.ts'

/** Milliseconds. */
const LIMIT = isLong ? 600_000 : 60_000

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
    { numRuns, seed, interruptAfterTimeLimit: LIMIT / 2 },
  )
}

test('whatever happens, reads answer what holds, loads are one at a time, and nothing is left', {
  tags: ['long'],
  timeout: LIMIT,
}, async () => {
  await followAll(
    runs(300, 10_000),
    ({ version }, time) => new EmbeddedModelServer(version, () => time.now),
  )
})

test('so it is on a real server', { tags: ['long', 'memcached'], timeout: LIMIT }, async () => {
  await using real = await memcached.start()
  using server = await RealModelServer.connect(real.port)
  await followAll(runs(300, 300), async () => {
    await server.restart()
    return server
  })
})
