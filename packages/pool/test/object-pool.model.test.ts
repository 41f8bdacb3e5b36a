import { MemcacheClosedError, MemcacheOverloadError } from '@mc/protocol'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { ObjectPool } from '../src/index.ts'
import { useFakeTime, useRealTime } from './fake-time.ts'

type Step =
  | { readonly do: 'get'; readonly timeout: number; readonly abortable: boolean }
  | { readonly do: 'release' | 'destroy'; readonly index: number }
  | {
      readonly do: 'finish create' | 'finish check'
      readonly index: number
      readonly fails: boolean
    }
  | { readonly do: 'abort' | 'clear' }
  | { readonly do: 'pass time'; readonly milliseconds: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('get' as const),
      timeout: fc.integer({ min: 1, max: 100 }),
      abortable: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('release' as const, 'destroy' as const),
      index: fc.nat(20),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('finish create' as const, 'finish check' as const),
      index: fc.nat(20),
      fails: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('abort' as const, 'clear' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pass time' as const),
      milliseconds: fc.integer({ min: 1, max: 80 }),
    }),
  },
)

/** Lets all promises of the pool run, but no time pass. */
const settle = () => vi.advanceTimersByTimeAsync(0)

function pick<T>(items: Iterable<T>, index: number): T | undefined {
  const all = [...items]
  return all[index % Math.max(all.length, 1)]
}

const HOOK_TIMEOUT = 60

/** Hooks that run, each until it is finished or was given up. */
class Running extends Map<(fails: boolean) => void, number> {
  /** @param settle - called when it is finished, in time or late */
  start(settle: (fails: boolean) => void): void {
    const finish = (fails: boolean): void => {
      this.delete(finish)
      settle(fails)
    }
    this.set(finish, performance.now())
  }

  /** Those that the pool still waits for. */
  get awaited(): number {
    const since = performance.now() - HOOK_TIMEOUT
    return [...this.values()].filter((start) => start > since).length
  }
}

/** Runs the steps against a pool and checks after each that nothing is shared, leaked or over the limit. */
async function follow(
  steps: readonly Step[],
  maxSize: number,
  minSize: number,
  checks: boolean,
): Promise<void> {
  const creating = new Running()
  const checking = new Running()
  const existing = new Set<object>()
  const held = new Set<object>()
  const outcomes: Promise<void>[] = []
  const unexpected: unknown[] = []
  let borrowing = 0
  let controller = new AbortController()

  const pool = new ObjectPool<object>({
    maxSize,
    minSize,
    idleTimeout: 50,
    maxAge: 200,
    acquireTimeout: 1000,
    hookTimeout: HOOK_TIMEOUT,
    create: () =>
      new Promise((resolve, reject) => {
        creating.start((fails) => {
          if (fails) {
            reject(new Error('create failed'))
            return
          }
          const object = {}
          existing.add(object)
          resolve(object)
        })
      }),
    validate: (object) => {
      if (held.has(object)) unexpected.push('checked while it was lent')
      if (!checks) return true
      return new Promise((resolve, reject) => {
        checking.start((fails) => (fails ? reject(null) : resolve(true)))
      })
    },
    destroy: (object) => {
      if (held.has(object)) unexpected.push('destroyed while it was lent')
      if (!existing.delete(object)) unexpected.push('destroyed twice')
      // Hangs: neither numbers nor borrowers depend on it.
      return new Promise(() => {})
    },
  })

  const borrow = async (timeout: number, signal: AbortSignal | undefined): Promise<void> => {
    borrowing++
    try {
      const object = await pool.get({ timeout, signal })
      if (held.has(object)) unexpected.push('lent to two borrowers')
      if (!existing.has(object)) unexpected.push('lent after it was destroyed')
      held.add(object)
    } catch (error) {
      const isExpected =
        error instanceof MemcacheOverloadError ||
        (error instanceof Error &&
          ['create failed', 'create did not finish within 60 ms', 'left'].includes(error.message))
      if (!isExpected) unexpected.push(error)
    } finally {
      borrowing--
    }
  }

  const giveBack = (how: 'release' | 'destroy', object: object | undefined): void => {
    if (object === undefined) return
    held.delete(object)
    pool[how](object)
  }

  for (const next of steps) {
    if (next.do === 'get')
      outcomes.push(borrow(next.timeout, next.abortable ? controller.signal : undefined))
    else if (next.do === 'release' || next.do === 'destroy')
      giveBack(next.do, pick(held, next.index))
    else if (next.do === 'finish create') pick(creating.keys(), next.index)?.(next.fails)
    else if (next.do === 'finish check') pick(checking.keys(), next.index)?.(next.fails)
    else if (next.do === 'pass time') await vi.advanceTimersByTimeAsync(next.milliseconds)
    else if (next.do === 'clear') void pool.clear()
    else {
      controller.abort(new Error('left'))
      controller = new AbortController()
    }
    await settle()
    expect(unexpected).toEqual([])
    expect(pool.used).toBe(held.size)
    expect(existing.size + creating.awaited).toBeLessThanOrEqual(maxSize)
    expect(pool.size).toBe(existing.size + creating.awaited)
    expect(pool.free).toBe(existing.size - held.size - checking.awaited)
    // Who has no object yet waits for one to be returned, made or checked.
    expect(pool.waiting).toBeLessThanOrEqual(borrowing)
    expect(borrowing - pool.waiting).toBeLessThanOrEqual(creating.awaited + checking.awaited)
    if (pool.waiting > 0) {
      const taken = held.size + creating.awaited + checking.awaited
      expect(taken).toBeGreaterThanOrEqual(maxSize)
    }
  }

  const closing = pool.close()
  // Whoever still waits is served, and gives back what it got; no `destroy` is ever done.
  for (let round = 0; held.size + creating.awaited + checking.awaited + pool.waiting > 0; round++) {
    expect(round).toBeLessThan(1000)
    for (const object of [...held]) giveBack('release', object)
    for (const finish of [...creating.keys(), ...checking.keys()]) finish(round % 2 === 0)
    await settle()
  }
  await vi.advanceTimersByTimeAsync(2 * HOOK_TIMEOUT)
  await Promise.all(outcomes)
  await closing
  expect(unexpected).toEqual([])
  expect([pool.size, pool.used, pool.free, pool.waiting, existing.size]).toEqual([0, 0, 0, 0, 0])
  expect(vi.getTimerCount()).toBe(0)
  await expect(pool.get()).rejects.toBeInstanceOf(MemcacheClosedError)
}

test('whatever its borrowers do, the pool shares no object, leaks none and keeps its limits', {
  tags: ['long'],
}, async () => {
  useFakeTime()
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(2),
        fc.boolean(),
        async (steps, maxSize, minSize, checks) => {
          await follow(steps, maxSize, Math.min(minSize, maxSize), checks)
        },
      ),
      { numRuns: runs(150, 3000), seed },
    )
  } finally {
    useRealTime()
  }
})
