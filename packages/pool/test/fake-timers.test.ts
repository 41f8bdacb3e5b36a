import { afterEach, expect, test, vi } from 'vitest'
import { ObjectPool, PooledClient } from '../src/index.ts'
import { type Fake, fakeClient } from './fake-client.ts'

const never = () => new Promise<never>(() => {})

/** All that they can replace: time stands still, and `queueMicrotask` and `setImmediate` call nobody. */
const freeze = () =>
  vi.useFakeTimers({
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'queueMicrotask',
      'Date',
      'performance',
    ],
  })

afterEach(() => {
  vi.useRealTimers()
})

test('an ObjectPool keeps its times under fake timers, and after', async () => {
  freeze()
  let hangs = false
  let made = 0
  const pool = new ObjectPool<number>({
    create: () => ++made,
    validate: () => (hangs ? never() : true),
    maxSize: 2,
    idleTimeout: 50,
    hookTimeout: 20,
  })
  const created = new Promise((resolve) => pool.once('create', resolve))
  const first = await pool.get()
  expect(await created).toBe(first)
  expect(await pool.use((object) => object)).toBe(2)
  await expect(pool.use(() => pool.get({ timeout: 5 }))).rejects.toThrow('within 5 ms')
  hangs = true
  pool.release(first)
  expect(await pool.get({ timeout: 20_000 })).toBe(3)
  vi.useRealTimers()
  pool.release(3)
  await vi.waitUntil(() => pool.size === 0)
  expect(await pool.get()).toBe(4)
  pool.release(4)
  await pool.close()
})

test('a PooledClient keeps its times under fake timers, and after', async () => {
  freeze()
  let hangs = true
  const client = new PooledClient<unknown, Fake>('cache', {
    createClient: () => fakeClient(() => (hangs ? never() : 'value')),
    timeout: 20,
    maxPoolSize: 1,
  })
  const calls = [client.get('a'), client.get('b')]
  const codes = await Promise.all(calls.map((it) => it.catch((error) => error.code)))
  expect(codes).toEqual(['MEMCACHE_TIMEOUT', 'MEMCACHE_OVERLOAD'])
  hangs = false
  expect(await client.get('a')).toBe('value')
  vi.useRealTimers()
  expect(await client.get('a')).toBe('value')
  await client.quit()
  await client.close()
})
