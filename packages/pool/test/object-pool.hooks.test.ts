import { stat } from 'node:fs'
import { MemcacheClosedError, MemcacheOverloadError, MemcacheTimeoutError } from '@mc/protocol'
import { describe, expect, test, vi } from 'vitest'
import { stall } from '../../../test-support/event-loop.ts'
import { ObjectPool } from '../src/index.ts'

const never = () => new Promise<never>(() => {})

/** What people throw. */
const THROWN: readonly unknown[] = [undefined, null, 'text', Object.create(null)]

describe('a create', () => {
  test('that hangs keeps no borrower longer than it asked, and its place for hookTimeout', async () => {
    const finish: ((object: string) => void)[] = []
    const destroyed: string[] = []
    const pool = new ObjectPool<string>({
      create: () => new Promise((resolve) => finish.push(resolve)),
      destroy: (object) => void destroyed.push(object),
      maxSize: 1,
      hookTimeout: 100,
    })
    await expect(pool.get({ timeout: 10 })).rejects.toBeInstanceOf(MemcacheOverloadError)
    expect(pool.size).toBe(1)
    const patient = pool.get({ timeout: 20_000 })
    await vi.waitUntil(() => finish.length === 2)
    finish[1]?.('second')
    expect(await patient).toBe('second')
    finish[0]?.('first')
    await vi.waitUntil(() => destroyed.length > 0)
    expect([destroyed, pool.size, pool.used]).toEqual([['first'], 1, 1])
    pool.release('second')
    await pool.close()
    expect(destroyed).toEqual(['first', 'second'])
  })

  test('that hangs longer than a borrower waits rejects it with what hung', async () => {
    const pool = new ObjectPool({ create: never, hookTimeout: 10 })
    const error = await pool.get({ timeout: 20_000 }).catch((it: unknown) => it)
    expect(error).toBeInstanceOf(MemcacheTimeoutError)
    expect(error).toMatchObject({ message: 'create did not finish within 10 ms', written: false })
    await pool.close()
  })

  test.each(THROWN)('may throw %o, or reject with it', async (thrown) => {
    let isAsync = false
    const pool = new ObjectPool({
      create: () => {
        if (isAsync) return Promise.reject(thrown)
        throw thrown
      },
      maxSize: 1,
    })
    for (isAsync of [false, true]) {
      const outcome = await pool.get().then(
        () => ({}),
        (error: unknown) => ({ error }),
      )
      expect(outcome).toEqual({ error: thrown })
    }
    await pool.close()
    expect(pool.size).toBe(0)
  })
})

describe('a check', () => {
  test('that hangs keeps no borrower longer than it asked, and the object for hookTimeout', async () => {
    let made = 0
    const destroyed: number[] = []
    const pool = new ObjectPool<number>({
      create: () => ++made,
      validate: never,
      destroy: (object) => void destroyed.push(object),
      maxSize: 1,
      hookTimeout: 100,
    })
    const errors: unknown[] = []
    pool.on('error', (error) => errors.push(error))
    pool.release(await pool.get())
    await expect(pool.get({ timeout: 10 })).rejects.toBeInstanceOf(MemcacheOverloadError)
    expect(await pool.get({ timeout: 20_000 })).toBe(2)
    expect(destroyed).toEqual([1])
    expect(errors).toMatchObject([{ message: 'validate did not finish within 100 ms' }])
    pool.release(2)
    await pool.close()
  })

  test.each(THROWN)('may throw %o', async (thrown) => {
    let made = 0
    const pool = new ObjectPool<number>({
      create: () => ++made,
      validate: () => {
        throw thrown
      },
    })
    pool.release(await pool.get())
    expect(await pool.get()).toBe(2)
    pool.release(2)
    await pool.close()
  })
})

describe('a destroy', () => {
  test('that hangs holds up clear and close for hookTimeout, and nobody else', async () => {
    const pool = new ObjectPool({ create: () => ({}), destroy: never, maxSize: 1, hookTimeout: 20 })
    const errors: unknown[] = []
    pool.on('error', (error) => errors.push(error))
    pool.release(await pool.get())
    const clearing = pool.clear()
    const object = await pool.get()
    await clearing
    pool.release(object)
    await pool.close()
    expect(pool.size).toBe(0)
    expect(errors.length).toBe(2)
    expect(errors[0]).toMatchObject({ message: 'destroy did not finish within 20 ms' })
  })

  test.each(THROWN)('may throw %o', async (thrown) => {
    const destroy = (): never => {
      throw thrown
    }
    const pool = new ObjectPool({ create: () => ({}), destroy })
    pool.destroy(await pool.get())
    pool.release(await pool.get())
    await pool.close()
    expect(pool.size).toBe(0)
  })
})

describe('destroyOn', () => {
  const reason = new Error('mine')
  const failing = () => Promise.reject(reason)

  test.each([
    () => {
      throw null
    },
    () => Promise.reject(new Error('async by mistake')) as unknown as boolean,
    () => never() as unknown as boolean,
  ])(
    'that fails or is asynchronous destroys the object and leaves the error: %o',
    async (destroyOn) => {
      const pool = new ObjectPool({ create: () => ({}), destroyOn })
      await expect(pool.use(failing)).rejects.toBe(reason)
      expect(pool.size).toBe(0)
      await pool.close()
    },
  )

  test('knows the object', async () => {
    const seen: unknown[] = []
    const pool = new ObjectPool({
      create: () => 'object',
      destroyOn: (error, object) => seen.push(error, object) === 0,
    })
    await expect(pool.use(failing)).rejects.toBe(reason)
    expect([seen, pool.size]).toEqual([[reason, 'object'], 1])
    await pool.close()
  })
})

describe('an object that is never returned', () => {
  test('holds up drain and close for drainTimeout; close destroys it', async () => {
    const destroyed: unknown[] = []
    const pool = new ObjectPool({
      create: () => ({}),
      destroy: (object) => void destroyed.push(object),
      maxSize: 1,
      drainTimeout: 20,
    })
    const object = await pool.get()
    const waiting = expect(pool.get({ timeout: 20_000 })).rejects.toBeInstanceOf(
      MemcacheClosedError,
    )
    await pool.drain()
    await waiting
    expect([destroyed, pool.used]).toEqual([[], 1])
    await pool.close()
    expect([destroyed, pool.used, pool.size]).toEqual([[object], 0, 0])
    pool.release(object)
    expect(() => pool.release(object)).toThrow(TypeError)
  })

  test('makes no call fail that comes back after close', async () => {
    let finish: (answer: string) => void = () => {}
    const pool = new ObjectPool({ create: () => ({}), drainTimeout: 20 })
    const using = pool.use(
      () =>
        new Promise<string>((resolve) => {
          finish = resolve
        }),
    )
    await pool.close()
    finish('done')
    expect(await using).toBe('done')
  })

  test('nor is one lent that comes when the pool is closed', async () => {
    let finish: (object: string) => void = () => {}
    const create = () =>
      new Promise<string>((resolve) => {
        finish = resolve
      })
    const destroyed: string[] = []
    const destroy = (object: string) => void destroyed.push(object)
    const pool = new ObjectPool({ create, destroy, drainTimeout: 20 })
    const refused = expect(pool.get({ timeout: 20_000 })).rejects.toBeInstanceOf(
      MemcacheClosedError,
    )
    const closing = pool.close()
    await pool.drain()
    finish('late')
    await closing
    await refused
    expect(destroyed).toEqual(['late'])
  })
})

describe('a process that stands still', () => {
  test('takes nothing from the time of a borrower whose object came meanwhile', async () => {
    const pool = new ObjectPool({ create: () => ({}), maxSize: 1 })
    const object = await pool.get()
    // Behind an immediate the loop comes to its timers first, then to what has come from outside.
    const waiting = new Promise((resolve, reject) => {
      setImmediate(() => {
        pool.get({ timeout: 50 }).then(resolve, reject)
        stat('.', () => pool.release(object))
        stall(200)
      })
    })
    expect(await waiting).toBe(object)
    pool.release(object)
    await pool.close()
  })
})

describe('limits of one get', () => {
  test.each([Number.NaN, -1, '100' as unknown as number])('%o is refused', async (timeout) => {
    const pool = new ObjectPool({ create: () => ({}), maxSize: 1 })
    await expect(pool.get({ timeout })).rejects.toThrow('timeout must be')
    await pool.close()
  })
})
