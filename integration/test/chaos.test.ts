import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLong, runs, seed } from '../../test-support/amounts.ts'
import { CLIENT_NAMES, scheduleOf } from '../src/chaos/schedule.ts'
import { ChaosFleet, runSchedules } from '../src/chaos/servers.ts'
import { KINDS, needsOf } from '../src/servers.ts'

const SEEDS = Array.from({ length: runs(3, 260) }, (_, i) => seed + i)

/** Seeds whose schedules once broke a promise. */
const REGRESSIONS: readonly number[] = [2548, 2549]

for (const kind of KINDS) {
  const tags = [...needsOf(kind).tags, 'long']
  describe(`under random faults every promise is kept on ${kind} memcached`, { tags }, () => {
    let fleet: ChaosFleet
    beforeAll(async () => {
      fleet = await ChaosFleet.start([kind])
    })
    afterAll(() => fleet.stop())

    test('by every client, over TCP and TLS, in both dialects', { timeout: 600_000 }, async () => {
      const schedules = SEEDS.map((each) => scheduleOf(each, [kind]))
      const { broken, faults, quiet } = await runSchedules(schedules, (each) => fleet.run(each))
      expect(broken).toEqual([])
      // That faults do happen is what makes it a test; few seeds may be an exception.
      expect(faults).toBeGreaterThan(0)
      if (!isLong) return
      expect(new Set(schedules.map(({ client }) => client))).toEqual(new Set(CLIENT_NAMES))
      expect(faults).toBeGreaterThan(SEEDS.length)
      expect(quiet).toBeLessThan(SEEDS.length / 4)
    })

    for (const each of REGRESSIONS) {
      test(`by the schedule of seed ${each}`, async () => {
        const { violations } = await fleet.run(scheduleOf(each, [kind]))
        expect(violations).toEqual([])
      })
    }
  })
}
