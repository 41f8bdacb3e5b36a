import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import { comparable, farthest } from './support/comparable.ts'
import { CAS_PLACEHOLDER, commandSequence, leaseSequence } from './support/random-commands.ts'
import { RawConnection } from './support/raw-connection.ts'
import { type ServerPair, startPair, stopPair } from './support/server-pair.ts'

const needs = { tags: ['memcached', 'long'], ...skipOtherVersion }

describe('MemcachedServer and memcached', needs, () => {
  test.each([
    ['random commands of both dialects', commandSequence],
    ['commands on leases', leaseSequence],
  ])(
    'answer %s with the same bytes',
    async (_about, sequence) => {
      let pair: ServerPair | undefined
      try {
        await fc.assert(
          fc.asyncProperty(sequence, async (steps) => {
            pair ??= await startPair()
            const alike = pair
            // After a difference the two are no longer in the same state.
            pair = undefined
            try {
              await runBoth(alike, steps)
              pair = alike
            } finally {
              if (pair === undefined) await stopPair(alike)
            }
          }),
          {
            numRuns: runs(100, 5000),
            seed,
          },
        )
      } finally {
        if (pair !== undefined) await stopPair(pair)
      }
    },
    3_600_000,
  )
})

const PRELUDE = 'flush_all\r\nstats detail off\r\nstats reset\r\n'

async function runBoth({ embedded, real }: ServerPair, steps: readonly string[]): Promise<void> {
  const ours = await RawConnection.open(embedded.name)
  const theirs = await RawConnection.open(real.name)
  try {
    let lastCas = 1
    for (const step of [PRELUDE, ...steps, 'stats\r\n']) {
      const bytes = step.replace(CAS_PLACEHOLDER, (_, offset: string) => {
        return String(lastCas + Number(offset))
      })
      const [actual, expected] = await Promise.all([ours.ask(bytes), theirs.ask(bytes)])
      const ourAnswer = comparable(withoutOtherStats(actual))
      const theirAnswer = comparable(withoutOtherStats(expected))
      expect({ step: bytes, ...ourAnswer, times: undefined }).toEqual({
        step: bytes,
        ...theirAnswer,
        times: undefined,
      })
      expect(farthest(ourAnswer.times, theirAnswer.times)).toBeLessThanOrEqual(2)
      expect(ours.closed).toBe(theirs.closed)
      if (ours.closed) break
      lastCas = Number(
        / c(\d+)|VALUE \S+ \d+ \d+ (\d+)/.exec(expected)?.slice(1).join('') || lastCas,
      )
    }
  } finally {
    await Promise.all([ours[Symbol.asyncDispose](), theirs[Symbol.asyncDispose]()])
  }
}

const STATS =
  /^STAT (cmd_\w+|get_hits|get_misses|\w+_(hits|misses|badval)|store_too_large|total_items) /

function withoutOtherStats(answer: string): string {
  return answer
    .split('\r\n')
    .filter((line) => !line.startsWith('STAT ') || STATS.test(line))
    .join('\r\n')
}
