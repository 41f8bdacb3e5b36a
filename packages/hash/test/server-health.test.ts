import { describe, expect, it } from 'vitest'
import { mayOneMoreDie, ServerHealth, type ServerState } from '../src/server-health.ts'

const RULES = { retryAttempts: 2, retryTimeout: 1000, deadTimeout: 60_000 }

/** What happens to a server, by one letter each; see `play`. */
type Script = string

interface Transition {
  readonly script: Script
  readonly means: string
  readonly state: ServerState
  readonly failures: number
  /** Milliseconds after the last event until a call, or a probe of the dead, may go out. */
  readonly wait: number
}

// F: a new call fails; f: a call fails that began in the round before; S: a call succeeds; x: a new call
// fails while no more servers may die; P: a due probe succeeds; Q: a due probe fails.
const transitions: readonly Transition[] = [
  { script: '', means: 'nothing yet', state: 'healthy', failures: 0, wait: 0 },
  { script: 'S', means: 'success', state: 'healthy', failures: 0, wait: 0 },
  { script: 'F', means: 'the first failure', state: 'failing', failures: 1, wait: 1000 },
  { script: 'Ff', means: 'a failure of the same round', state: 'failing', failures: 1, wait: 1000 },
  {
    script: 'Ffffff',
    means: 'a lost connection with six calls',
    state: 'failing',
    failures: 1,
    wait: 1000,
  },
  { script: 'FS', means: 'success after a failure', state: 'healthy', failures: 0, wait: 0 },
  { script: 'FSf', means: 'a late failure after recovery', state: 'healthy', failures: 0, wait: 0 },
  { script: 'FF', means: 'the first retry failed', state: 'failing', failures: 2, wait: 1000 },
  { script: 'FFS', means: 'the second retry succeeds', state: 'healthy', failures: 0, wait: 0 },
  {
    script: 'FFSFF',
    means: 'failures that are not in a row',
    state: 'failing',
    failures: 2,
    wait: 1000,
  },
  { script: 'FFF', means: 'both retries failed', state: 'dead', failures: 3, wait: 60_000 },
  { script: 'FFFf', means: 'a late failure of the dead', state: 'dead', failures: 3, wait: 60_000 },
  { script: 'FFFS', means: 'a late success of the dead', state: 'dead', failures: 3, wait: 60_000 },
  { script: 'FFx', means: 'no more may die', state: 'failing', failures: 3, wait: 1000 },
  { script: 'FFxxx', means: 'no more may die for long', state: 'failing', failures: 5, wait: 1000 },
  { script: 'FFxF', means: 'it may die again', state: 'dead', failures: 4, wait: 60_000 },
  {
    script: 'FFxS',
    means: 'it recovers where it could not die',
    state: 'healthy',
    failures: 0,
    wait: 0,
  },
  { script: 'FFFQ', means: 'the probe failed', state: 'dead', failures: 4, wait: 60_000 },
  { script: 'FFFQQ', means: 'the second probe failed', state: 'dead', failures: 5, wait: 60_000 },
  { script: 'FFFP', means: 'the probe succeeded', state: 'healthy', failures: 0, wait: 0 },
  { script: 'FFFQP', means: 'the second probe succeeded', state: 'healthy', failures: 0, wait: 0 },
  {
    script: 'FFFPF',
    means: 'a failure in the new life',
    state: 'failing',
    failures: 1,
    wait: 1000,
  },
  { script: 'FFFPFFF', means: 'the second death', state: 'dead', failures: 3, wait: 60_000 },
]

describe('a server', () => {
  it.each(transitions)('after $means ($script) is $state', ({ script, state, failures, wait }) => {
    const { health, time } = play(script)
    expect(health.state).toBe(state)
    expect(health.failures).toBe(failures)
    expect(health.lastError?.message).toBe(lastFailure(script, failures))
    expect(health.deadUntil).toBe(state === 'dead' ? time + wait : undefined)
    if (state === 'dead') {
      expect(health.refusal(time + wait)).toBe(health.lastError)
      expect(health.takeProbe(time + wait - 1, false)).toBe(false)
      expect(health.takeProbe(time + wait, false)).toBe(true)
    } else {
      if (wait > 0) expect(health.refusal(time + wait - 1)).toBe(health.lastError)
      expect(health.refusal(time + wait)).toBeUndefined()
      expect(health.takeProbe(time + wait, false)).toBe(false)
    }
  })

  it('is dead at once without retries', () => {
    const { health } = play('F', { ...RULES, retryAttempts: 0 })
    expect(health.state).toBe('dead')
  })

  it('is tried again at once without a retry timeout', () => {
    const { health, time } = play('F', { ...RULES, retryTimeout: 0 })
    expect(health.refusal(time)).toBeUndefined()
  })

  it('has one probe at a time', () => {
    const { health, time } = play('FFF')
    expect(health.takeProbe(time + 60_000, false)).toBe(true)
    expect(health.takeProbe(time + 60_000, false)).toBe(false)
    expect(health.takeProbe(time + 120_000, false)).toBe(false)
    health.probeFailed(new Error('still down'), time + 120_000, 0)
    expect(health.takeProbe(time + 180_000, false)).toBe(true)
  })

  it.each([
    { random: 0, wait: 60_000 },
    { random: 0.5, wait: 63_000 },
    { random: 1, wait: 66_000 },
  ])('stays dead for up to a tenth longer, by chance: $wait ms at $random', ({ random, wait }) => {
    const health = new ServerHealth({ ...RULES, retryAttempts: 0 })
    health.failed(new Error('down'), { round: health.round, now: 0, mayDie: true, random })
    expect(health.deadUntil).toBe(wait)
    health.takeProbe(wait, false)
    health.probeFailed(new Error('down'), wait, random)
    expect(health.deadUntil).toBe(wait + wait)
  })

  it('is probed every retryTimeout while no server is healthy', () => {
    const { health, time } = play('FFF')
    expect(health.takeProbe(time + 999, true)).toBe(false)
    expect(health.takeProbe(time + 1000, true)).toBe(true)
    health.probeFailed(new Error('still down'), time + 1500, 0)
    expect(health.takeProbe(time + 2499, true)).toBe(false)
    expect(health.takeProbe(time + 2500, false)).toBe(false)
    expect(health.takeProbe(time + 2500, true)).toBe(true)
  })

  it('is probed at once when such an outage has ended, then after waits that double', () => {
    const { health } = play('FFF')
    let { time } = play('FFF')
    health.outageEnded()
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      expect(health.takeProbe(time, false)).toBe(true)
      health.probeFailed(new Error('still down'), time, 0)
      waits.push((health.deadUntil ?? Number.NaN) - time)
      time = health.deadUntil ?? Number.NaN
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('says which failure was its death', () => {
    const health = new ServerHealth({ ...RULES, retryAttempts: 1 })
    const fail = () =>
      health.failed(new Error('down'), { round: health.round, now: 0, mayDie: true, random: 0 })
    expect([fail(), fail(), fail()]).toEqual([false, true, false])
  })
})

describe('one more server may die', () => {
  it.each([
    { dead: 1, total: 3, limits: {}, may: true },
    { dead: 2, total: 3, limits: {}, may: false },
    { dead: 0, total: 1, limits: {}, may: false },
    { dead: 1, total: 2, limits: { maxDeadShare: 1 }, may: false },
    { dead: 0, total: 1, limits: { maxDeadServers: 1 }, may: true },
    { dead: 2, total: 3, limits: { maxDeadServers: 9 }, may: true },
    { dead: 0, total: 3, limits: { maxDeadServers: 0 }, may: false },
    { dead: 0, total: 3, limits: { maxDeadServers: 1 }, may: true },
    { dead: 1, total: 3, limits: { maxDeadServers: 1 }, may: false },
    { dead: 0, total: 3, limits: { maxDeadShare: 0 }, may: false },
    { dead: 0, total: 3, limits: { maxDeadShare: 0.3 }, may: false },
    { dead: 0, total: 3, limits: { maxDeadShare: 0.5 }, may: true },
    { dead: 1, total: 3, limits: { maxDeadShare: 0.5 }, may: false },
    { dead: 1, total: 4, limits: { maxDeadShare: 0.5 }, may: true },
    { dead: 1, total: 4, limits: { maxDeadShare: 0.5, maxDeadServers: 1 }, may: false },
    { dead: 1, total: 4, limits: { maxDeadShare: 0.25, maxDeadServers: 3 }, may: false },
  ])('with $dead of $total dead and $limits: $may', ({ dead, total, limits, may }) => {
    expect(mayOneMoreDie(dead, total, limits)).toBe(may)
  })
})

/** Plays the script, waiting before each event until it may happen. */
function play(script: Script, rules = RULES): { health: ServerHealth; time: number } {
  const health = new ServerHealth(rules)
  let time = 1_000_000
  let previousRound = 0
  for (const [i, event] of [...script].entries()) {
    const error = new Error(`failure ${i}`)
    if (event === 'f') {
      health.failed(error, { round: previousRound, now: time, mayDie: true, random: 0 })
    } else if (event === 'P' || event === 'Q') {
      time = health.deadUntil ?? Number.NaN
      expect(health.takeProbe(time, false)).toBe(true)
      if (event === 'P') health.probeSucceeded()
      else health.probeFailed(error, time, 0)
    } else if (event === 'S') {
      health.succeeded()
    } else {
      if (health.state === 'failing') time += rules.retryTimeout
      expect(health.refusal(time)).toBeUndefined()
      previousRound = health.round
      health.failed(error, { round: previousRound, now: time, mayDie: event === 'F', random: 0 })
    }
  }
  return { health, time }
}

function lastFailure(script: Script, failures: number): string | undefined {
  return failures === 0 ? undefined : `failure ${script.search(/[FxQ][^FxQ]*$/)}`
}
