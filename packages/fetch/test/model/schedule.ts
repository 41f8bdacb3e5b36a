import type { Dialect } from '@mc/protocol'
import fc from 'fast-check'

/** What a loader does. */
export interface LoadPlan {
  /** It reads the source when it starts, rather than when the schedule comes to it. */
  readonly readsAtStart: boolean
  /** It answers at once. */
  readonly isQuick: boolean
  /** It answers by itself when the schedule is over; others never do. */
  readonly ends: boolean
  /** It rejects when its signal aborts; others go on. */
  readonly heedsSignal: boolean
}

/** What one schedule has throughout. Windows are seconds. */
export interface Setting {
  readonly dialect: Dialect
  readonly version: string
  readonly keys: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly refreshAhead: number
  readonly softTimeout: number | undefined
}

/** One thing that happens. A `pick` chooses among those that there are at that time. */
export type Step = Call | Movement | Disturbance

/** Whether all messages are delivered behind it. */
interface Flowing {
  readonly flows: boolean
}

type Call =
  | (Flowing & Place & { readonly do: 'fetch'; readonly key: number; readonly plan: LoadPlan })
  | (Flowing & Place & { readonly do: 'fetchMany'; readonly plan: LoadPlan })
  | (Flowing & Place & { readonly do: 'get'; readonly key: number })

interface Place {
  readonly process: number
}

type Movement =
  | { readonly do: 'arrive' | 'answer' | 'read' | 'finish'; readonly pick: number }
  | { readonly do: 'flow' }
  /** Time passes: with all messages held, or delivered at once. */
  | { readonly do: 'pass' | 'run'; readonly milliseconds: number }

type Disturbance =
  | { readonly do: 'fail' | 'abort' | 'lose' | 'refuse'; readonly pick: number }
  | (Flowing &
      Place & { readonly do: 'invalidate'; readonly key: number; readonly staleFor: number })
  | (Flowing & Place & { readonly do: 'delete'; readonly key: number })
  | { readonly do: 'set'; readonly key: number }
  | { readonly do: 'flush' | 'restart' }
  | (Place & { readonly do: 'break' | 'kill'; readonly arrivesLater: boolean })
  | (Place & { readonly do: 'cut'; readonly isCut: boolean })

/** Often the same one, so that what is to come together does. */
const process = fc.constantFrom(0, 0, 0, 1, 1, 2)
const key = fc.constantFrom(0, 0, 0, 1)
const pick = fc.nat({ max: 7 })
const often = fc.constantFrom(true, true, true, false)
const seldom = fc.constantFrom(false, false, false, true)
const milliseconds = fc.constantFrom(1, 10, 100, 300, 1000, 2000, 3000, 5000, 12_000, 30_000)

const plan: fc.Arbitrary<LoadPlan> = fc.record({
  readsAtStart: fc.boolean(),
  isQuick: seldom,
  ends: often,
  heedsSignal: fc.boolean(),
})

type Choice<S extends Step> = fc.WeightedArbitrary<S>

function choice<S extends Step>(
  weight: number,
  name: S['do'],
  fields: { readonly [name: string]: fc.Arbitrary<unknown> } = {},
): Choice<S> {
  const record = fc.record({ do: fc.constant(name), ...fields })
  return { weight, arbitrary: record as fc.Arbitrary<unknown> as fc.Arbitrary<S> }
}

const calls: readonly Choice<Call>[] = [
  choice(8, 'fetch', { process, key, plan, flows: often }),
  choice(1, 'fetchMany', { process, plan, flows: often }),
  choice(1, 'get', { process, key, flows: often }),
]

const movements: readonly Choice<Movement>[] = [
  choice(2, 'arrive', { pick }),
  choice(2, 'answer', { pick }),
  choice(2, 'flow'),
  choice(1, 'read', { pick }),
  choice(4, 'finish', { pick }),
  choice(2, 'pass', { milliseconds }),
  choice(2, 'run', { milliseconds }),
]

const disturbances: readonly Choice<Disturbance>[] = [
  choice(5, 'fail', { pick }),
  choice(3, 'abort', { pick }),
  choice(5, 'invalidate', { process, key, staleFor: fc.constant(0), flows: often }),
  choice(5, 'invalidate', { process, key, staleFor: fc.constantFrom(1, 3, 30), flows: often }),
  choice(3, 'delete', { process, key, flows: often }),
  choice(3, 'set', { key }),
  choice(3, 'flush'),
  choice(3, 'restart'),
  choice(3, 'lose', { pick }),
  choice(3, 'refuse', { pick }),
  choice(3, 'break', { process, arrivesLater: fc.boolean() }),
  choice(3, 'kill', { process, arrivesLater: fc.boolean() }),
  choice(4, 'cut', { process, isCut: often }),
]

/**
 * What a schedule is made of: no disturbance, two kinds or all. Some faults take two kinds one behind the other, and what
 * is promised without any is checked there alone.
 */
const mixes: readonly (readonly Choice<Disturbance>[])[] = [
  [],
  disturbances,
  ...disturbances.flatMap((one, i) => disturbances.slice(i + 1).map((other) => [one, other])),
]

const anything = fc.oneof(...calls, ...movements, ...disturbances) as fc.Arbitrary<Step>

const none: fc.Arbitrary<Step[]> = fc.constant([])

const noise: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 3, arbitrary: none },
  { weight: 1, arbitrary: fc.array(anything, { minLength: 1, maxLength: 3 }) },
)

const slow: LoadPlan = { readsAtStart: true, isQuick: false, ends: true, heedsSignal: false }

function one<S extends Step>(
  name: S['do'],
  fields?: Parameters<typeof choice<S>>[2],
): fc.Arbitrary<Step[]> {
  return choice<S>(1, name, fields).arbitrary.map((step) => [step])
}

const fetchAnywhere = one('fetch', { process, key: fc.constant(0), plan, flows: often })
const slowFetchAnywhere = one('fetch', {
  process,
  key: fc.constant(0),
  plan: fc.constant(slow),
  flows: often,
})

/**
 * What the rules are about: a load from before a confirmed write ends behind it, and others have read in between. What
 * may happen around that is left to chance.
 */
const oldLoad: fc.Arbitrary<Step[]> = fc
  .tuple(
    noise,
    fc.oneof(
      { weight: 4, arbitrary: none },
      { weight: 1, arbitrary: one('cut', { process: fc.constant(0), isCut: fc.constant(true) }) },
    ),
    one('fetch', {
      process: fc.constant(0),
      key: fc.constant(0),
      plan: fc.constant(slow),
      flows: fc.constant(true),
    }),
    noise,
    fc.oneof(
      none,
      { weight: 3, arbitrary: one('restart') },
      one('break', { process: fc.constant(0), arrivesLater: fc.boolean() }),
      one('run', { milliseconds }),
    ),
    one('invalidate', {
      process: fc.constantFrom(0, 1),
      key: fc.constant(0),
      staleFor: fc.constantFrom(0, 0, 3),
      flows: fc.constant(true),
    }),
    noise,
    slowFetchAnywhere,
    noise,
    one('finish', { pick: fc.constant(0) }),
    one('flow'),
    fetchAnywhere,
  )
  .map((parts) => parts.flat())

/** A value grows older, is read and loaded again, and the load ends in any way. */
const oldValue: fc.Arbitrary<Step[]> = fc
  .tuple(
    one('fetch', {
      process: fc.constant(0),
      key: fc.constant(0),
      plan: fc.constant({ ...slow, isQuick: true }),
      flows: fc.constant(true),
    }),
    fc.oneof(
      one('run', {
        milliseconds: fc.constantFrom(6000, 8500, 9500, 11_000, 14_000, 16_500, 19_000),
      }),
      one('invalidate', {
        process: fc.constant(1),
        key: fc.constant(0),
        staleFor: fc.constantFrom(1, 3, 30),
        flows: fc.constant(true),
      }),
    ),
    noise,
    fetchAnywhere,
    noise,
    fetchAnywhere,
    fc.oneof(
      none,
      one('fail', { pick }),
      one('finish', { pick }),
      one('abort', { pick }),
      one('run', { milliseconds }),
    ),
    fetchAnywhere,
    fc.oneof(none, one('run', { milliseconds })),
    fetchAnywhere,
  )
  .map((parts) => parts.flat())

/** A load ends with a value that is not stored. */
const unstored: fc.Arbitrary<Step[]> = fc
  .tuple(
    one('finish', { pick: fc.constant(0) }),
    fc.oneof(
      one('refuse', { pick: fc.constant(0) }),
      one('lose', { pick: fc.constant(0) }),
      one('break', { process: fc.constant(0), arrivesLater: fc.boolean() }),
    ),
  )
  .map((parts) => parts.flat())

/** A load ends without a value in the cache while others wait for it, or come. */
const lostLoad: fc.Arbitrary<Step[]> = fc
  .tuple(
    one('fetch', {
      process: fc.constant(0),
      key: fc.constant(0),
      plan: fc.constant(slow),
      flows: fc.constant(true),
    }),
    noise,
    fetchAnywhere,
    noise,
    fc.oneof(
      one('abort', { pick: fc.constant(0) }),
      one('fail', { pick: fc.constant(0) }),
      unstored,
      one('kill', { process: fc.constant(0), arrivesLater: fc.boolean() }),
      one('run', { milliseconds: fc.constant(11_000) }),
    ),
    fetchAnywhere,
    noise,
    fetchAnywhere,
  )
  .map((parts) => parts.flat())

const lists = mixes.map((mix, i) => ({
  weight: i < 2 ? 8 : 1,
  arbitrary: fc.array(fc.oneof(...calls, ...movements, ...mix), { minLength: 1, maxLength: 40 }),
}))

export const steps: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 3, arbitrary: oldLoad },
  { weight: 2, arbitrary: oldValue },
  { weight: 2, arbitrary: lostLoad },
  fc.oneof(...(lists as fc.WeightedArbitrary<Step[]>[])),
)

export const setting: fc.Arbitrary<Setting> = fc.record({
  dialect: fc.constantFrom('meta', 'meta', 'text'),
  version: fc.constantFrom('1.6.18', '1.6.18', '1.6.45'),
  keys: fc.constantFrom(1, 1, 2),
  staleWhileRevalidate: fc.constantFrom(0, 0, 5),
  staleIfError: fc.constantFrom(0, 8),
  refreshAhead: fc.constantFrom(0, 0, 3),
  softTimeout: fc.constantFrom(undefined, 500, 500),
})
