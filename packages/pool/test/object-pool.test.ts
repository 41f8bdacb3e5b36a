import { MemcacheClosedError, MemcacheOverloadError } from '@mc/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ObjectPool, type ObjectPoolOptions } from '../src/index.ts'
import { useFakeTime, useRealTime } from './fake-time.ts'

interface Thing {
  readonly id: number
  alive: boolean
}

/** A pool of numbered things that notes what it makes and destroys. */
function poolOfThings(options: Partial<ObjectPoolOptions<Thing>> = {}) {
  const made: Thing[] = []
  const destroyed: number[] = []
  const pool = new ObjectPool<Thing>({
    create: () => {
      const thing = { id: made.length + 1, alive: true }
      made.push(thing)
      return thing
    },
    destroy: (thing) => {
      destroyed.push(thing.id)
      thing.alive = false
    },
    ...options,
  })
  return { pool, made, destroyed }
}

const never = () => new Promise<never>(() => {})

beforeEach(() => {
  useFakeTime()
})

afterEach(() => {
  useRealTime()
})

describe('lending', () => {
  test('makes nothing before the first get', () => {
    const { pool, made } = poolOfThings({ minSize: 2 })
    expect([made.length, pool.size, pool.used, pool.free, pool.waiting]).toEqual([0, 0, 0, 0, 0])
  })

  test('counts an object as idle as soon as it is returned, and destroys it with the others', async () => {
    for (const end of ['clear', 'close'] as const) {
      const { pool, destroyed } = poolOfThings({ maxSize: 2 })
      const [first, second] = await Promise.all([pool.get(), pool.get()])
      pool.release(first as Thing)
      pool.release(second as Thing)
      expect([pool.free, pool.used, pool.size]).toEqual([2, 0, 2])
      expect(await pool.get()).toBe(second)
      pool.release(second as Thing)
      await pool[end]()
      expect(destroyed.sort()).toEqual([1, 2])
      expect([pool.free, pool.used, pool.size]).toEqual([0, 0, 0])
    }
  })

  test('lends a returned object again instead of making one', async () => {
    const { pool, made } = poolOfThings()
    const first = await pool.get()
    pool.release(first)
    expect(await pool.get()).toBe(first)
    expect(made.length).toBe(1)
  })

  test('lends the object that was returned last, so that the others grow idle', async () => {
    const { pool } = poolOfThings()
    const [a, b, c] = await Promise.all([pool.get(), pool.get(), pool.get()])
    for (const thing of [a, c, b]) pool.release(thing)
    expect([await pool.get(), await pool.get(), await pool.get()]).toEqual([b, c, a])
  })

  test('counts what is used, free and waiting', async () => {
    const { pool } = poolOfThings({ maxSize: 2 })
    const [a] = await Promise.all([pool.get(), pool.get()])
    const third = pool.get()
    expect([pool.size, pool.used, pool.free, pool.waiting]).toEqual([2, 2, 0, 1])
    pool.release(a)
    await third
    pool.release(a)
    expect([pool.size, pool.used, pool.free, pool.waiting]).toEqual([2, 1, 1, 0])
  })

  test('serves those who wait in the order in which they came', async () => {
    const { pool } = poolOfThings({ maxSize: 1 })
    const order: string[] = []
    const first = await pool.get()
    const waiting = ['a', 'b', 'c'].map(async (name) => {
      const thing = await pool.get()
      order.push(name)
      pool.release(thing)
    })
    pool.release(first)
    await Promise.all(waiting)
    expect(order).toEqual(['a', 'b', 'c'])
  })

  test('destroying an object makes room for one who waits', async () => {
    const { pool, destroyed } = poolOfThings({ maxSize: 1 })
    const first = await pool.get()
    const second = pool.get()
    pool.destroy(first)
    expect((await second).id).toBe(2)
    expect(destroyed).toEqual([1])
  })

  test('refuses to take back what it has not lent', async () => {
    const { pool } = poolOfThings()
    const thing = await pool.get()
    pool.release(thing)
    expect(() => pool.release(thing)).toThrow(TypeError)
    expect(() => pool.destroy(thing)).toThrow(TypeError)
    expect(() => pool.release({ id: 1, alive: true })).toThrow('not lent by this pool')
  })
})

describe('use', () => {
  test('answers what the function answers and returns the object', async () => {
    const { pool } = poolOfThings()
    expect(await pool.use((thing) => thing.id)).toBe(1)
    expect([pool.used, pool.free]).toEqual([0, 1])
  })

  test('destroys the object when the function fails', async () => {
    const { pool, destroyed } = poolOfThings()
    const failing = pool.use(() => Promise.reject(new Error('broken')))
    await expect(failing).rejects.toThrow('broken')
    expect([pool.used, pool.free, destroyed]).toEqual([0, 0, [1]])
  })

  test('returns the object after an error that destroyOn excuses', async () => {
    const { pool, destroyed } = poolOfThings({ destroyOn: (error) => error instanceof TypeError })
    const harmless = pool.use(() => {
      throw new RangeError('harmless')
    })
    await expect(harmless).rejects.toThrow('harmless')
    expect([pool.used, pool.free, destroyed]).toEqual([0, 1, []])
  })
})

describe('when all objects are lent', () => {
  test('a borrower is told the state of the pool when its time is up', async () => {
    const { pool } = poolOfThings({ maxSize: 2, acquireTimeout: 500, name: 'cache:11211' })
    await Promise.all([pool.get(), pool.get()])
    const late = pool.get()
    const refused = expect(late).rejects.toThrow(
      'cache:11211: none was free within 500 ms: size 2 of 2, 2 in use, 1 waiting',
    )
    await vi.advanceTimersByTimeAsync(499)
    expect(pool.waiting).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await refused
    await expect(late).rejects.toBeInstanceOf(MemcacheOverloadError)
    expect(pool.waiting).toBe(0)
  })

  test('one who ran out of time does not take the turn of the next', async () => {
    const { pool } = poolOfThings({ maxSize: 1 })
    const thing = await pool.get()
    const impatient = pool.get({ timeout: 10 })
    const patient = pool.get({ timeout: 1000 })
    const refused = expect(impatient).rejects.toThrow(MemcacheOverloadError)
    await vi.advanceTimersByTimeAsync(10)
    await refused
    pool.release(thing)
    expect(await patient).toBe(thing)
  })

  test('an infinite timeout sets no timer', async () => {
    const { pool } = poolOfThings({ maxSize: 1, acquireTimeout: Number.POSITIVE_INFINITY })
    const thing = await pool.get()
    const waiting = pool.get()
    await vi.advanceTimersByTimeAsync(100_000)
    pool.release(thing)
    expect(await waiting).toBe(thing)
  })

  test('of hundreds refused in one turn only the first have frames in their stack', async () => {
    const { pool } = poolOfThings({ maxSize: 1, maxWaiting: 0 })
    await pool.get()
    const calls = Array.from({ length: 100 }, () => pool.get().catch((error: Error) => error))
    const errors = (await Promise.all(calls)) as Error[]
    for (const error of errors) expect(error).toBeInstanceOf(MemcacheOverloadError)
    expect(new Set(errors).size).toBe(100)
    expect(errors.filter(({ stack }) => stack?.includes('\n    at '))).toHaveLength(16)
  })

  test('more than maxWaiting borrowers are refused at once', async () => {
    const { pool } = poolOfThings({ maxSize: 1, maxWaiting: 1 })
    const thing = await pool.get()
    const second = pool.get()
    await expect(pool.get()).rejects.toThrow(
      'too many wait already: size 1 of 1, 1 in use, 1 waiting',
    )
    pool.release(thing)
    expect(await second).toBe(thing)
  })

  test('an abort ends the wait with the reason of the signal', async () => {
    const { pool } = poolOfThings({ maxSize: 1 })
    const thing = await pool.get()
    const controller = new AbortController()
    const waiting = pool.get({ signal: controller.signal })
    const reason = new Error('gone home')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(pool.get({ signal: controller.signal })).rejects.toBe(reason)
    pool.release(thing)
    expect([pool.used, pool.free, pool.waiting]).toEqual([0, 1, 0])
  })
})

describe('a create that fails', () => {
  test('rejects its borrower with the error, and is not repeated', async () => {
    let calls = 0
    const { pool } = poolOfThings({
      create: async () => {
        calls++
        throw new Error('refused')
      },
    })
    await expect(pool.get()).rejects.toThrow('refused')
    await vi.advanceTimersByTimeAsync(1000)
    expect([calls, pool.size, pool.used]).toEqual([1, 0, 0])
  })

  test('is tried again for the next borrower', async () => {
    let calls = 0
    const { pool } = poolOfThings({
      maxSize: 1,
      create: () => {
        if (++calls === 1) throw new Error('refused')
        return { id: calls, alive: true }
      },
    })
    const both = await Promise.allSettled([pool.get(), pool.get()])
    expect(both.map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled'])
    expect(calls).toBe(2)
  })

  test('to reach minSize is not held against a later borrower, and does not loop', async () => {
    let calls = 0
    const { pool } = poolOfThings({
      minSize: 3,
      create: async () => {
        if (++calls <= 3) throw new Error('refused')
        return { id: calls, alive: true }
      },
    })
    await expect(pool.get()).rejects.toThrow('refused')
    await vi.advanceTimersByTimeAsync(1000)
    expect(calls).toBeLessThanOrEqual(4)
    expect((await pool.get()).alive).toBe(true)
    expect(pool.size).toBeLessThanOrEqual(3)
  })

  test('that comes too late for its borrower still serves the next one', async () => {
    const finish: ((thing: Thing) => void)[] = []
    const { pool } = poolOfThings({
      maxSize: 1,
      create: () => new Promise<Thing>((resolve) => finish.push(resolve)),
    })
    const impatient = pool.get({ timeout: 10 })
    const refused = expect(impatient).rejects.toThrow(MemcacheOverloadError)
    await vi.advanceTimersByTimeAsync(10)
    await refused
    const patient = pool.get({ timeout: 1000 })
    finish[0]?.({ id: 7, alive: true })
    expect((await patient).id).toBe(7)
  })
})

describe('validation', () => {
  test('an idle object that is no longer valid is destroyed, and another lent', async () => {
    const { pool, destroyed } = poolOfThings({ validate: async (thing) => thing.alive })
    const [a, b] = await Promise.all([pool.get(), pool.get()])
    pool.release(a)
    pool.release(b)
    b.alive = false
    expect(await pool.get()).toBe(a)
    expect(destroyed).toEqual([b.id])
  })

  test('a check that fails counts as not valid and is reported', async () => {
    const { pool, destroyed } = poolOfThings({
      validate: () => Promise.reject(new Error('no reply')),
    })
    const errors: unknown[] = []
    pool.on('error', (error) => errors.push(error))
    pool.release(await pool.get())
    expect((await pool.get()).id).toBe(2)
    expect(destroyed).toEqual([1])
    expect(errors).toEqual([new Error('no reply')])
  })

  test('a borrower who leaves during the check leaves the object in the pool', async () => {
    let answer: (valid: boolean) => void = () => {}
    const { pool } = poolOfThings({
      validate: () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    })
    pool.release(await pool.get())
    const controller = new AbortController()
    const leaving = pool.get({ signal: controller.signal })
    await vi.advanceTimersByTimeAsync(0)
    controller.abort()
    await expect(leaving).rejects.toThrow('aborted')
    answer(true)
    await vi.advanceTimersByTimeAsync(0)
    expect([pool.size, pool.used, pool.free]).toEqual([1, 0, 1])
  })
})

describe('idle and old objects', () => {
  test('those that are idle too long are destroyed, down to minSize', async () => {
    const { pool, destroyed } = poolOfThings({ maxSize: 6, minSize: 2, idleTimeout: 1000 })
    const things = await Promise.all(Array.from({ length: 6 }, () => pool.get()))
    for (const thing of things) pool.release(thing)
    await vi.advanceTimersByTimeAsync(900)
    expect(destroyed).toEqual([])
    await vi.advanceTimersByTimeAsync(400)
    expect([destroyed.length, pool.size, pool.free]).toEqual([4, 2, 2])
    await vi.advanceTimersByTimeAsync(10_000)
    expect([destroyed.length, pool.size]).toEqual([4, 2])
  })

  test('under light load the surplus goes and the one in use stays', async () => {
    const { pool, made, destroyed } = poolOfThings({ idleTimeout: 1000 })
    const things = await Promise.all([pool.get(), pool.get(), pool.get()])
    for (const thing of things) pool.release(thing)
    for (let elapsed = 0; elapsed < 3000; elapsed += 100) {
      await vi.advanceTimersByTimeAsync(100)
      await pool.use(() => {})
    }
    expect([pool.size, made.length, destroyed.length]).toEqual([1, 3, 2])
  })

  test('an idleTimeout of 0 keeps them for ever', async () => {
    const { pool } = poolOfThings({ idleTimeout: 0 })
    pool.release(await pool.get())
    await vi.advanceTimersByTimeAsync(10_000_000)
    expect(pool.free).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('one that has reached maxAge is replaced when it is next lent', async () => {
    const { pool, destroyed } = poolOfThings({ maxAge: 5000, maxAgeJitter: 0, idleTimeout: 0 })
    const first = await pool.get()
    pool.release(first)
    await vi.advanceTimersByTimeAsync(4999)
    expect(await pool.get()).toBe(first)
    pool.release(first)
    await vi.advanceTimersByTimeAsync(1)
    expect((await pool.get()).id).toBe(2)
    expect(destroyed).toEqual([1])
  })

  test('one that has reached maxAge is destroyed when it is returned', async () => {
    const { pool, destroyed } = poolOfThings({ maxAge: 5000, maxAgeJitter: 0 })
    const thing = await pool.get()
    await vi.advanceTimersByTimeAsync(5000)
    pool.release(thing)
    expect([destroyed, pool.size]).toEqual([[1], 0])
  })

  test('the jitter shortens maxAge by at most its part', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const { pool, destroyed } = poolOfThings({ maxAge: 1000, maxAgeJitter: 0.4 })
    const thing = await pool.get()
    random.mockRestore()
    await vi.advanceTimersByTimeAsync(799)
    pool.release(thing)
    expect(destroyed).toEqual([])
    await pool.get()
    await vi.advanceTimersByTimeAsync(1)
    pool.release(thing)
    expect(destroyed).toEqual([1])
  })
})

describe('clear, drain and close', () => {
  test('clear destroys idle objects at once and lent ones when they come back', async () => {
    const { pool, destroyed } = poolOfThings()
    const [a, b] = await Promise.all([pool.get(), pool.get()])
    pool.release(a)
    await pool.clear()
    expect([destroyed, b.alive, pool.size]).toEqual([[a.id], true, 1])
    pool.release(b)
    expect([destroyed, pool.size]).toEqual([[a.id, b.id], 0])
    expect((await pool.get()).alive).toBe(true)
  })

  test('clear waits until its objects are destroyed', async () => {
    let destroyed = false
    const { pool } = poolOfThings({
      destroy: async () => {
        await Promise.resolve()
        destroyed = true
      },
    })
    pool.release(await pool.get())
    await pool.clear()
    expect(destroyed).toBe(true)
  })

  test('clear leaves minSize objects, all of them new', async () => {
    const { pool, made, destroyed } = poolOfThings({ minSize: 2 })
    pool.release(await pool.get())
    await pool.clear()
    expect([destroyed.sort(), made.length, pool.size]).toEqual([[1, 2], 4, 2])
  })

  test('drain refuses new borrowers and waits for those there are', async () => {
    const { pool, destroyed } = poolOfThings({ maxSize: 1 })
    const thing = await pool.get()
    const waiting = pool.get()
    let isDrained = false
    const draining = pool.drain().then(() => {
      isDrained = true
    })
    await expect(pool.get()).rejects.toBeInstanceOf(MemcacheClosedError)
    pool.release(thing)
    expect(await waiting).toBe(thing)
    expect(isDrained).toBe(false)
    pool.release(thing)
    await draining
    expect([destroyed, pool.free]).toEqual([[], 1])
  })

  test('close destroys every object once the lent ones are back', async () => {
    const { pool, destroyed } = poolOfThings({ minSize: 2 })
    const thing = await pool.get()
    const closing = pool.close()
    expect(destroyed).toEqual([])
    pool.release(thing)
    await closing
    expect(destroyed.sort()).toEqual([1, 2])
    expect([pool.size, pool.used, pool.free, vi.getTimerCount()]).toEqual([0, 0, 0, 0])
    await pool.close()
    await pool[Symbol.asyncDispose]()
  })

  test('close waits for an object that is being made for a borrower who has gone', async () => {
    let finish: (thing: Thing) => void = () => {}
    const { pool, destroyed } = poolOfThings({
      create: () =>
        new Promise<Thing>((resolve) => {
          finish = resolve
        }),
    })
    const controller = new AbortController()
    const leaving = pool.get({ signal: controller.signal })
    controller.abort()
    await expect(leaving).rejects.toThrow('aborted')
    const closing = pool.close()
    finish({ id: 9, alive: true })
    await closing
    expect(destroyed).toEqual([9])
  })

  test('a destroy that fails is reported and forgotten', async () => {
    const { pool } = poolOfThings({ destroy: () => Promise.reject(new Error('stuck')) })
    const errors: unknown[] = []
    pool.on('error', (error) => errors.push(error))
    pool.destroy(await pool.get())
    await pool.close()
    expect([errors, pool.size]).toEqual([[new Error('stuck')], 0])
  })
})

test('says what it makes and destroys', async () => {
  const { pool } = poolOfThings()
  const said: string[] = []
  pool.on('create', (thing) => said.push(`create ${thing.id}`))
  pool.on('destroy', (thing) => said.push(`destroy ${thing.id}`))
  pool.destroy(await pool.get())
  await pool.close()
  expect(said).toEqual(['create 1', 'destroy 1'])
})

describe('options', () => {
  test.each([
    { maxSize: 0 },
    { maxSize: 1.5 },
    { maxSize: Number.POSITIVE_INFINITY },
    { maxSize: 2, minSize: 3 },
    { minSize: -1 },
    { idleTimeout: -1 },
    { idleTimeout: Number.NaN },
    { maxAge: 0 },
    { maxAgeJitter: 1.1 },
    { acquireTimeout: 0 },
    { maxWaiting: -1 },
    { hookTimeout: 0 },
    { drainTimeout: 0 },
  ])('%o is refused', (limits) => {
    expect(() => new ObjectPool({ create: never, ...limits })).toThrow(RangeError)
  })

  test.each([
    'maxSize',
    'minSize',
    'idleTimeout',
    'maxAge',
    'maxAgeJitter',
    'acquireTimeout',
    'maxWaiting',
    'hookTimeout',
    'drainTimeout',
  ])('%s of another type is refused by its type', (name) => {
    const withLimit = (value: unknown) => () => new ObjectPool({ create: never, [name]: value })
    expect(withLimit('100')).toThrow(new TypeError(`${name} must be a number, got string`))
    expect(withLimit(100n)).toThrow(new TypeError(`${name} must be a number, got bigint`))
    expect(withLimit({})).toThrow(new TypeError(`${name} must be a number, got object`))
  })

  test('a pool cannot do without create', () => {
    expect(() => new ObjectPool({} as ObjectPoolOptions<Thing>)).toThrow(TypeError)
  })
})
