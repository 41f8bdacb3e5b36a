import { MemcachedServer } from '@mc/testing'
import { expect, test } from 'vitest'
import { stall, stallUntilSettled, turns } from '../../../test-support/event-loop.ts'
import { ObjectPool, PooledClient } from '../src/index.ts'
import { type Fake, fakeClient } from './fake-client.ts'

test('calls that wait for a client get the time back in which the process stood still', async () => {
  await using server = await MemcachedServer.start()
  await using pool = new PooledClient(server.name, {
    ...{ maxPoolSize: 2, timeout: 2000, acquireTimeout: 1000 },
  })
  await pool.set('a', 'value')
  const calls = Array.from({ length: 100 }, () => pool.get('a'))
  stall(1500)
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['value']))
})

test('borrowers of objects get it back', async () => {
  await using pool = new ObjectPool({ create: () => ({}), maxSize: 1, acquireTimeout: 500 })
  const borrowers = Array.from({ length: 10 }, () => pool.use(() => turns(3)))
  await turns(2)
  stall(1500)
  await Promise.all(borrowers)
})

test.each([
  ['as it begins', 1000, 0],
  ['before it ends', 0, 1000],
])('a call on a client of the user’s own gets it back %s', async (_when, within, behind) => {
  await using pool = new PooledClient<unknown, Fake>('cache', {
    timeout: 300,
    createClient: () =>
      fakeClient(async ({ command }) => {
        if (command === 'get') stall(within)
        await turns(20)
        return 'value'
      }),
  })
  await pool.connect()
  const call = pool.get('a')
  stall(behind)
  expect(await call).toBe('value')
})

test('a wait ends though the process stands still again and again', async () => {
  await using pool = new ObjectPool({ create: () => ({}), maxSize: 1, acquireTimeout: 50 })
  const borrower = pool.use(() => pool.get())
  const ended = expect(borrower).rejects.toThrow('none was free within 50 ms')
  await stallUntilSettled(ended)
})
