import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLIENT_NAMES, scheduleOf } from '../src/chaos/schedule.ts'
import { ChaosFleet, runSeeds } from '../src/chaos/servers.ts'
import { KINDS } from '../src/servers.ts'

const { MC_CHAOS_RUNS = '520', MC_CHAOS_SEED = '1' } = process.env

/** Seeds whose schedules once broke a promise. */
const REGRESSIONS: readonly number[] = [2548, 2549]

describe('under random faults every promise is kept', () => {
  let fleet: ChaosFleet
  beforeAll(async () => {
    fleet = await ChaosFleet.start()
  })
  afterAll(() => fleet.stop())

  test('by every client, over TCP and TLS, in both dialects', async () => {
    const first = Number(MC_CHAOS_SEED)
    const seeds = Array.from({ length: Number(MC_CHAOS_RUNS) }, (_, i) => first + i)
    const schedules = seeds.map((seed) => scheduleOf(seed, KINDS))
    expect(new Set(schedules.map(({ client }) => client))).toEqual(new Set(CLIENT_NAMES))
    const { broken, faults, quiet } = await runSeeds(seeds, (seed) =>
      fleet.run(scheduleOf(seed, KINDS)),
    )
    expect(broken).toEqual([])
    // That faults do happen is what makes it a test.
    expect(faults).toBeGreaterThan(seeds.length)
    expect(quiet).toBeLessThan(seeds.length / 4)
  }, 600_000)

  for (const seed of REGRESSIONS) {
    test(`by the schedule of seed ${seed}`, async () => {
      const { violations } = await fleet.run(scheduleOf(seed, KINDS))
      expect(violations).toEqual([])
    })
  }
})
