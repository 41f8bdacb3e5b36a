import { stat } from 'node:fs'
import {
  MemcacheConnectError,
  MemcacheOverloadError,
  MemcachePartialError,
  MemcacheTimeoutError,
} from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { stall } from '../../../test-support/event-loop.ts'
import { PooledClient, type PooledClientOptions } from '../src/index.ts'
import { type Fake, type FakeCall, fakeClient } from './fake-client.ts'

const never = () => new Promise<never>(() => {})

function pooled(
  answer: (call: FakeCall) => unknown,
  options: PooledClientOptions<unknown, Fake> = {},
) {
  const made: Fake[] = []
  const createClient = (): Fake => {
    const fake = fakeClient(answer)
    made.push(fake)
    return fake
  }
  return { client: new PooledClient<unknown, Fake>('cache', { ...options, createClient }), made }
}

/** The `timeout` that each call passed on to the client. */
function timeouts(client: Fake | undefined): (number | undefined)[] {
  const options = client?.calls.map(({ args }) => args[1] as { timeout?: number }) ?? []
  return options.map(({ timeout }) => timeout)
}

/** How many timers keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length

describe('the timeout of a call', () => {
  test('is for the wait and the command together, by default too', async () => {
    const answers: (() => void)[] = []
    const { client, made } = pooled(() => new Promise<void>((resolve) => answers.push(resolve)), {
      timeout: 2000,
      maxPoolSize: 1,
      acquireTimeout: 20_000,
    })
    const first = client.get('a')
    const second = client.get('b')
    await new Promise((resolve) => setTimeout(resolve, 100))
    answers[0]?.()
    await first
    await new Promise(setImmediate)
    expect(timeouts(made[0]).at(1)).toBeLessThanOrEqual(1901)
    answers[1]?.()
    await second
  })

  test('ends the wait for a client before acquireTimeout does', async () => {
    const { client } = pooled(never, { timeout: 20, maxPoolSize: 1, acquireTimeout: 20_000 })
    const first = client.get('a').catch((it: unknown) => it)
    const error = await client.get('b').catch((it: unknown) => it)
    expect(error).toBeInstanceOf(MemcacheOverloadError)
    expect(error).toMatchObject({ written: false })
    expect(await first).toBeInstanceOf(MemcacheTimeoutError)
  })

  test('ends a call whose client never settles it, and destroys the client', async () => {
    const { client, made } = pooled(never, { timeout: 20 })
    await expect(client.get('key')).rejects.toBeInstanceOf(MemcacheTimeoutError)
    await expect(client.stats()).rejects.toBeInstanceOf(MemcacheTimeoutError)
    await expect(client.set('key', 1, { timeout: 5 })).rejects.toThrow('within 25 ms')
    expect([made.length, made.every((it) => it.isDestroyed), client.size]).toEqual([3, true, 0])
    await client.close()
  })

  test('an abort ends such a call at once, and what keeps the process alive for it', async () => {
    const before = timers()
    const { client } = pooled(never, { timeout: 20_000 })
    const controller = new AbortController()
    const call = client.get('key', { signal: controller.signal })
    await new Promise(setImmediate)
    controller.abort(new Error('gone home'))
    await expect(call).rejects.toThrow('gone home')
    await vi.waitUntil(() => timers() <= before)
  })

  test('is not used up by a process that stands still', async () => {
    let answer: () => void = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { client, made } = pooled(() => answered, { timeout: 20_000, maxPoolSize: 1 })
    const other = pooled(() => 'value')
    const first = client.get('a')
    await new Promise<void>((resolve, reject) => {
      // Behind an immediate the loop comes to its timers first, then to what has come from outside.
      setImmediate(() => {
        const waiting = client.get('b', { timeout: 100 })
        const notWaiting = other.client.get('c', { timeout: 100 })
        stat('.', answer)
        stall(300)
        Promise.all([first, waiting, notWaiting]).then(() => resolve(), reject)
      })
    })
    expect(timeouts(made[0]).at(1)).toBeGreaterThanOrEqual(10)
    expect(timeouts(other.made[0])).toEqual([100])
  })
})

describe('connect', () => {
  test('ends when a client does not connect in its time', async () => {
    const { client, made } = pooled(never, { connectTimeout: 10 })
    await expect(client.connect()).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    expect([client.size, made[0]?.isDestroyed]).toEqual([0, true])
  })

  test('and idle clients start no timer that keeps the process alive', async () => {
    const before = timers()
    const connecting = pooled(never, { connectTimeout: 20_000 })
    void connecting.client.connect().catch(() => {})
    const idle = pooled(() => 'value')
    await idle.client.get('key')
    // The test runner starts timers of its own.
    await vi.waitUntil(() => timers() <= before)
    await idle.client.close()
  })
})

describe('a client that is still connecting when its call runs out of time', () => {
  /** Clients that time out before they write, and connect when `settle` says how. */
  function connecting(isConnected: boolean | undefined) {
    let settle: (error?: Error) => void = () => {}
    const connected = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error))
    })
    const { client, made } = pooled(({ command }) => {
      if (command === 'connect') return connected
      throw new MemcacheTimeoutError('not sent before the deadline', { written: false })
    })
    client.on('create', (it) => Object.assign(it, { isConnected }))
    return { client, made, settle }
  }

  test.each([false, undefined])('stays in the pool, with isConnected: %o', async (isConnected) => {
    const { client, made } = connecting(isConnected)
    for (let i = 0; i < 3; i++) await expect(client.get('key')).rejects.toThrow('not sent')
    const failed = new Map([['key', new MemcacheTimeoutError('not sent', { written: false })]])
    const partial = new MemcachePartialError(new Map(), failed)
    await expect(client.use(() => Promise.reject(partial))).rejects.toBe(partial)
    expect([made.length, made[0]?.isDestroyed]).toEqual([1, false])
  })

  test('is destroyed once it has a connection that takes nothing', async () => {
    const { client, made } = connecting(true)
    await expect(client.get('key')).rejects.toThrow('not sent')
    expect([client.size, made[0]?.isDestroyed]).toEqual([0, true])
  })

  test('counts as a failed attempt when it does not connect', async () => {
    const { client, made, settle } = connecting(false)
    await expect(client.get('key')).rejects.toThrow('not sent')
    settle(new MemcacheConnectError('refused'))
    await new Promise(setImmediate)
    await client.use(async () => {
      const error = await client.get('key').catch((it: unknown) => it)
      expect(error).toMatchObject({ message: expect.stringContaining('again after: refused') })
    })
    expect(made.length).toBe(1)
  })
})

describe('a serde that hangs', () => {
  let server: MemcachedServer

  beforeAll(async () => {
    server = await MemcachedServer.start()
  })

  afterAll(() => server.stop())

  test('makes neither a call nor close wait for longer than they may', async () => {
    const client = new PooledClient<string>(server.name, {
      serde: { serialize: never, deserialize: never },
      timeout: 50,
      drainTimeout: 20_000,
    })
    const calls = Promise.allSettled([client.set('a', 'value'), client.setMany({ b: 'value' })])
    const closing = client.close()
    const outcomes = await calls
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'MEMCACHE_TIMEOUT' } })
    }
    await closing
  })
})

describe('the end of a pool', () => {
  test('does not wait for a function of use that hangs', async () => {
    const { client, made } = pooled(() => 'value', { drainTimeout: 20 })
    void client.use(never)
    await client.close()
    expect([made[0]?.isClosed, client.size]).toEqual([true, 0])
  })

  test('does not wait for a client whose close hangs', async () => {
    const { client, made } = pooled(() => 'value', { timeout: 20 })
    const errors: unknown[] = []
    client.on('error', (error) => errors.push(error))
    await client.get('key')
    made[0]!.close = never
    await client.close()
    expect([made[0]?.isDestroyed, errors.length]).toEqual([true, 1])
  })

  test.each([0, 2])(
    'quit at any time of close resolves, with minPoolSize %i',
    async (minPoolSize) => {
      for (let turns = 0; turns < 20; turns++) {
        const { client, made } = pooled(() => 'value', { minPoolSize })
        await client.get('key')
        const closing = client.close()
        for (let i = 0; i < turns; i++) await null
        await client.quit()
        await closing
        await client.quit()
        await client.close()
        expect([client.size, made.every((it) => it.isClosed)]).toEqual([0, true])
      }
    },
  )

  test('connect, use and every call then say that it is closed', async () => {
    for (const maxWaiting of [0, 10]) {
      const { client } = pooled(() => 'value', { maxWaiting, maxPoolSize: 1 })
      await client.connect()
      const closing = client.close()
      const code = 'MEMCACHE_CLOSED'
      await expect(client.connect()).rejects.toMatchObject({ code, written: false })
      await closing
      await expect(client.connect()).rejects.toMatchObject({ code })
      await expect(client.use(() => 1)).rejects.toMatchObject({ code })
      await expect(client.get('key')).rejects.toMatchObject({ code })
    }
  })

  test('a client that its borrower closed is lent to nobody after the next call', async () => {
    const client = new PooledClient('127.0.0.1:1', { maxPoolSize: 1 })
    await client.use((own) => own.close())
    await expect(client.get('key')).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    await expect(client.get('key')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await client.close()
  })
})
