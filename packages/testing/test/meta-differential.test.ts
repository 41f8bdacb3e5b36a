import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import { comparable, farthest } from './support/comparable.ts'
import {
  byCase,
  caseOfManyFlags,
  casesOfTwoFlags,
  look,
  lookAfter,
  type MetaCase,
  run,
  setUp,
} from './support/meta-cases.ts'
import { RawConnection } from './support/raw-connection.ts'
import { type ServerPair, startPair, stopPair } from './support/server-pair.ts'

/** Cases that are run at once: their commands must fit what a server reads at once. */
const BATCH = 40
const SHOWN = 10

describe('MemcachedServer and memcached', {
  tags: ['memcached', 'long'],
  ...skipOtherVersion,
}, () => {
  let pair: ServerPair
  let ours: RawConnection
  let theirs: RawConnection
  beforeAll(async () => {
    pair = await startPair()
    ours = await RawConnection.open(pair.embedded.name)
    theirs = await RawConnection.open(pair.real.name)
    // A CAS unique of 1 is then an old one in every case.
    await ask('set a 0 0 1\r\n1\r\nset a 0 0 1\r\n1\r\n')
  })
  afterAll(async () => {
    await Promise.all([ours[Symbol.asyncDispose](), theirs[Symbol.asyncDispose]()])
    await stopPair(pair)
  })

  test('answer each meta command with any two flags on an item in each state with the same bytes', async () => {
    const all = [...casesOfTwoFlags()]
    await compareAll(sample(all, runs(500, all.length)))
  }, 3_600_000)

  test('answer meta commands with many flags on an item in any state with the same bytes', async () => {
    await compareAll(fc.sample(caseOfManyFlags, { numRuns: runs(500, 300_000), seed }))
  }, 3_600_000)

  async function ask(bytes: string): Promise<readonly [ours: string, theirs: string]> {
    return await Promise.all([ours.ask(bytes), theirs.ask(bytes)])
  }

  async function compareAll(cases: readonly MetaCase[]): Promise<void> {
    const differences: unknown[] = []
    for (let i = 0; i < cases.length && differences.length < SHOWN; i += BATCH) {
      differences.push(...(await differencesOf(cases.slice(i, i + BATCH))))
    }
    expect(differences.slice(0, SHOWN)).toEqual([])
  }

  async function differencesOf(cases: readonly MetaCase[]): Promise<unknown[]> {
    const made = await ask(setUp(cases))
    expect(made[0]).toBe(made[1])
    const looked = await ask(look(cases))
    expect(comparable(looked[0]).text).toBe(comparable(looked[1]).text)
    const answers = [await ask(run(cases, looked[1])), await ask(lookAfter(cases))].map(
      ([actual, expected]) => [byCase(actual), byCase(expected)] as const,
    )
    // Items of these cases are in the way of the next ones.
    await ask('flush_all\r\n')
    return cases.flatMap((of, i) => {
      const [actual, expected] = [0, 1].map((side) =>
        comparable(answers.map((sides) => sides[side]?.[i]).join('')),
      )
      if (actual === undefined || expected === undefined) throw new Error('no answer')
      const isAlike = actual.text === expected.text && farthest(actual.times, expected.times) <= 2
      return isAlike ? [] : [{ ...of, actual, expected }]
    })
  }
})

/** So many of them, others with each seed, in their order. */
function sample<T>(all: readonly T[], count: number): readonly T[] {
  if (count >= all.length) return all
  const step = all.length / count
  const offset = (seed % 1000) / 1000
  return Array.from({ length: count }, (_, i) => all[Math.floor((i + offset) * step)] as T)
}
