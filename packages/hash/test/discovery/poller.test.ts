import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type PollClock, Poller, type PollerRules } from '../../src/discovery/poller.ts'

/** The timers that vitest has put in place. */
const after = (milliseconds: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, milliseconds)
  return () => clearTimeout(timer)
}
const clock: PollClock = { now: () => performance.now(), schedule: after, startTimer: after }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A poller on a clock that stands still, with what it did. */
class Fixture {
  /** When each poll began. */
  readonly polls: number[] = []
  readonly failures: Error[] = []
  /** What a poll does. */
  work: (signal: AbortSignal) => Promise<boolean> = async () => false
  /** What a poll says of the next one. */
  nextAfter: number | undefined
  readonly poller: Poller
  readonly #start = performance.now()

  constructor(rules: Partial<PollerRules> = {}) {
    this.poller = new Poller(
      { interval: 60_000, minInterval: 1000, timeout: 5000, random: () => 0.5, clock, ...rules },
      async (signal) => {
        this.polls.push(Math.round(performance.now() - this.#start))
        return { hasChanged: await this.work(signal), nextAfter: this.nextAfter }
      },
      (error) => this.failures.push(error),
    )
  }

  fail(): void {
    this.work = async () => {
      throw new Error('no answer')
    }
  }
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

describe('polls', () => {
  test('begin with the first one asked for, and go on at the interval', async () => {
    const { poller, polls } = new Fixture()
    await pass(600_000)
    expect(polls).toEqual([])
    await poller.poll()
    await pass(180_000)
    expect(polls).toEqual([600_000, 660_000, 720_000, 780_000])
  })

  test('go on when their source says that what they found ends', async () => {
    const fixture = new Fixture({ random: () => 0 })
    await fixture.poller.poll()
    fixture.nextAfter = 5000
    await pass(51_000)
    fixture.nextAfter = 120_000
    await pass(130_000)
    expect(fixture.polls).toEqual([0, 51_000, 56_000, 176_000])
  })

  test.each([
    { random: 0, at: 5000 },
    { random: 0.999999, at: 5750 },
  ])('do not come before what they found ends: here after $at ms', async ({ random, at }) => {
    const fixture = new Fixture({ random: () => random })
    fixture.nextAfter = 5000
    await fixture.poller.poll()
    await pass(at - 2)
    expect(fixture.polls).toHaveLength(1)
    await pass(2)
    expect(fixture.polls).toHaveLength(2)
  })

  test.each([
    { random: 0, at: 51_000 },
    { random: 0.999999, at: 69_000 },
  ])('vary by 15 %, here to $at ms', async ({ random, at }) => {
    const { poller, polls } = new Fixture({ random: () => random })
    await poller.poll()
    await pass(at - 2)
    expect(polls).toHaveLength(1)
    await pass(2)
    expect(polls).toHaveLength(2)
  })

  test('without an interval come only when called for', async () => {
    const { poller, polls } = new Fixture({ interval: false })
    await poller.poll()
    await pass(1e9)
    poller.pollSoon()
    await pass(0)
    expect(polls).toEqual([0, 1e9])
  })

  test('at an interval longer than a timer can hold do not run wild', async () => {
    const { poller, polls } = new Fixture({ interval: 2_147_483_647, random: () => 0.9 })
    await poller.poll()
    await pass(1_000_000)
    expect(polls).toEqual([0])
  })

  test('are one at a time: who asks meanwhile gets the one that runs', async () => {
    const fixture = new Fixture()
    let finish = (_: boolean): void => {}
    fixture.work = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    const both = [fixture.poller.poll(), fixture.poller.poll()]
    finish(true)
    await Promise.all(both)
    expect(fixture.polls).toHaveLength(1)
  })

  test('by hand begin after the question', async () => {
    const fixture = new Fixture()
    const finish: ((isNews: boolean) => void)[] = []
    fixture.work = () => new Promise((resolve) => finish.push(resolve))
    const first = fixture.poller.poll()
    let isAnswered = false
    const byHand = Promise.all([fixture.poller.pollAnew(), fixture.poller.pollAnew()])
    void byHand.then(() => {
      isAnswered = true
    })
    finish[0]?.(false)
    await first
    await pass(0)
    expect([finish.length, isAnswered]).toEqual([2, false])
    finish[1]?.(false)
    await byHand
    expect(fixture.polls).toHaveLength(2)
  })
})

describe('a failure elsewhere', () => {
  test('leads to a poll at once, and the next ones wait twice as long each time it was in vain', async () => {
    const { poller, polls } = new Fixture()
    await poller.poll()
    await pass(10_000)
    for (let failures = 0; failures < 100; failures++) {
      poller.pollSoon()
      await pass(100)
    }
    expect(polls).toEqual([0, 10_000, 12_000, 16_000])
  })

  test('and news make the next one quick again', async () => {
    const fixture = new Fixture()
    const { poller, polls } = fixture
    await poller.poll()
    await pass(10_000)
    poller.pollSoon()
    await pass(0)
    fixture.work = async () => true
    poller.pollSoon()
    await pass(5000)
    poller.pollSoon()
    await pass(0)
    poller.pollSoon()
    await pass(2000)
    expect(polls).toEqual([0, 10_000, 12_000, 15_000, 16_000])
  })

  test('does not put off the poll that is due', async () => {
    const { poller, polls } = new Fixture({ interval: 1500 })
    await poller.poll()
    poller.pollSoon()
    await pass(1000)
    poller.pollSoon()
    await pass(1500)
    expect(polls).toEqual([0, 1000, 2500])
  })

  test('during a poll leads to another', async () => {
    const fixture = new Fixture()
    let finish = (_: boolean): void => {}
    fixture.work = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    void fixture.poller.poll()
    fixture.poller.pollSoon()
    await pass(300)
    finish(false)
    await pass(1000)
    expect(fixture.polls).toEqual([0, 1000])
  })
})

describe('a poll that fails', () => {
  test('is told once, and repeated after waits that double up to the interval', async () => {
    const fixture = new Fixture({ interval: 5000 })
    fixture.fail()
    await expect(fixture.poller.poll()).rejects.toThrow('no answer')
    await pass(20_000)
    expect(fixture.polls).toEqual([0, 1000, 3000, 7000, 12_000, 17_000])
    expect(fixture.failures).toHaveLength(6)
  })

  test('is the failure until the next is due', async () => {
    const fixture = new Fixture()
    fixture.fail()
    await fixture.poller.poll().catch(() => {})
    await pass(999)
    expect(fixture.poller.failure?.message).toBe('no answer')
    fixture.work = async () => true
    await pass(1)
    expect(fixture.poller.failure).toBeUndefined()
  })

  test('is one that takes too long', async () => {
    const fixture = new Fixture()
    fixture.work = untilAborted
    const refused = expect(fixture.poller.poll()).rejects.toThrow('no answer within 5000 ms')
    await pass(5000)
    await refused
    expect(fixture.failures).toHaveLength(1)
  })
})

/** Work that only its signal ends. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

describe('stopping', () => {
  test('ends the poll that runs, tells nothing, and no other comes', async () => {
    const fixture = new Fixture()
    fixture.work = untilAborted
    const poll = fixture.poller.poll()
    fixture.poller.stop()
    await expect(poll).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    fixture.poller.pollSoon()
    await expect(fixture.poller.poll()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    await pass(1e6)
    expect(fixture.polls).toHaveLength(1)
    expect(fixture.failures).toEqual([])
  })

  test('leaves no timer', async () => {
    const { poller } = new Fixture()
    await poller.poll()
    poller.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
