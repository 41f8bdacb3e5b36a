import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLong, seed } from '../../../test-support/amounts.ts'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import type { TestServer } from '../src/index.ts'
import { CAS_PLACEHOLDER } from './support/random-commands.ts'
import { RawConnection } from './support/raw-connection.ts'
import { startPair, stopPair } from './support/server-pair.ts'
import { MOMENTS, NOW_PLACEHOLDER, type TimedPlan, timedPlan } from './support/timed-commands.ts'

const PAIRS = isLong ? 6 : 3
const SEQUENCES = 60
/** Times that a plan is begun again because the machine was too slow for a moment of it. */
const ATTEMPTS = 5
const POLL_MILLISECONDS = 10

const needs = { tags: ['memcached', 'long'], ...skipOtherVersion }

describe('MemcachedServer and memcached', needs, () => {
  // The clock of memcached cannot be moved, so it is waited for: all plans at once. The clock of the
  // embedded server is set to what the other says, and answers are the same to the second.
  test('answer random commands with the same bytes as time moves', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(timedPlan(SEQUENCES), { minLength: PAIRS, maxLength: PAIRS }),
        async (plans) => {
          await Promise.all(plans.map((plan) => compare(plan)))
        },
      ),
      // To look for a shorter example would take seconds for each.
      {
        numRuns: 1,
        endOnFailure: true,
        seed,
      },
    )
  }, 120_000)
})

async function compare(plan: TimedPlan): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await isWithinMoments(plan)) return
  }
  throw new Error(`no ${MOMENTS} moments in which memcached's clock stood still`)
}

/** False if the clock of memcached moved while commands were sent, so that nothing is known. */
async function isWithinMoments(plan: TimedPlan): Promise<boolean> {
  let seconds = 0
  // Replies tell of times before the start, so both must have started in the same second.
  const pair = await startPair(async (real) => {
    seconds = await startOf(real)
    return () => seconds * 1000
  })
  const ours = await RawConnection.open(pair.embedded.name)
  const theirs = await RawConnection.open(pair.real.name)
  try {
    let lastCas = 1
    for (let moment = 0; moment < MOMENTS; moment++) {
      seconds = await nextSecond(theirs)
      const exchanges: [sent: string, ours: string, theirs: string][] = []
      for (const step of stepsOf(plan, moment)) {
        const bytes = step
          .replace(NOW_PLACEHOLDER, (_, offset: string) => String(seconds + Number(offset)))
          .replace(CAS_PLACEHOLDER, (_, offset: string) => String(lastCas + Number(offset)))
        const [actual, expected] = await Promise.all([ours.ask(bytes), theirs.ask(bytes)])
        exchanges.push([bytes, actual, expected])
        lastCas = Number(/ c([1-9]\d*)/.exec(expected)?.[1] ?? lastCas)
      }
      if ((await secondsOf(theirs)) !== seconds) return false
      for (const [sent, actual, expected] of exchanges) {
        const [ourAnswer, theirAnswer] = [comparable(actual), comparable(expected)]
        expect({ moment, sent, answer: ourAnswer.text }).toEqual({
          moment,
          sent,
          answer: theirAnswer.text,
        })
        const earlier = ourAnswer.unused.filter((unused, i) => {
          return unused > (theirAnswer.unused[i] ?? Number.NaN)
        })
        expect({ moment, sent, earlier }).toEqual({ moment, sent, earlier: [] })
      }
    }
    return true
  } finally {
    await Promise.all([ours[Symbol.asyncDispose](), theirs[Symbol.asyncDispose]()])
    await stopPair(pair)
  }
}

function stepsOf({ sequences, flush }: TimedPlan, moment: number): string[] {
  const steps = sequences.map((sequence) => sequence[moment] ?? '')
  if (moment === flush.moment) steps.splice(flush.before, 0, flush.line)
  return steps
}

/** Waits for the clock of memcached to move, after which it stands still for most of a second. */
async function nextSecond(connection: RawConnection): Promise<number> {
  const before = await secondsOf(connection)
  for (;;) {
    const seconds = await secondsOf(connection)
    if (seconds !== before) return seconds
    await wait(POLL_MILLISECONDS)
  }
}

async function secondsOf(connection: RawConnection): Promise<number> {
  return statistic(await connection.ask('stats\r\n'), 'time')
}

/** The second in which a server started, when it says to have been up for 2 s already. */
async function startOf(server: TestServer): Promise<number> {
  await using connection = await RawConnection.open(server.name)
  const stats = await connection.ask('stats\r\n')
  return statistic(stats, 'time') - statistic(stats, 'uptime') + 2
}

function statistic(stats: string, name: string): number {
  return Number(new RegExp(`^STAT ${name} (\\d+)\r$`, 'm').exec(stats)?.[1])
}

/**
 * Seconds since the last use. A read moves that time in the embedded server as it does in memcached by
 * default, there a moment later by a thread. Here memcached runs without its threads, and reads do not
 * move it: it can only be longer ago.
 */
const UNUSED = /( l|la=)(\d+)(?= |\r)/g

function comparable(answer: string): { text: string; unused: number[] } {
  const unused: number[] = []
  const text = answer.replace(UNUSED, (_, name: string, seconds: string) => {
    unused.push(Number(seconds))
    return `${name}<seconds>`
  })
  return { text, unused }
}
