import { Client } from '@mc/client'
import { MemcacheLoadTimeoutError, MemcacheTimeoutError } from '@mc/protocol'
import { FaultProxy } from '@mc/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { kinds } from '../../../test-support/amounts.ts'
import { FetchClient } from '../src/index.ts'
import { fleet, newKey, SERVERS, Source, until } from './support/fleet.ts'

describe.each(kinds(SERVERS))('$name', (kind) => {
  const options = { tags: ['long', ...kind.tags] }

  test('a value is loaded once, then found, by every client', options, async () => {
    const { clients, client } = await fleet(kind, 2)
    const source = new Source()
    const key = newKey()
    expect(await client.fetch(key, source.load)).toBe('v1')
    for (const it of clients) {
      expect(await it.fetch(key, source.load)).toBe('v1')
      expect(await it.get(key)).toBe('v1')
    }
    expect(source.loads).toBe(1)
    expect(client.fetches).toMatchObject({ load: 1, hit: 1, loads: 1 })
    expect(client.loading).toBe(0)
  })

  test('of all callers of all processes one loads', options, async () => {
    const { clients } = await fleet(kind, 3)
    const source = new Source()
    const release = source.hold()
    const key = newKey()
    const calls = clients.flatMap((client) =>
      Array.from({ length: 20 }, () => client.fetch(key, source.load)),
    )
    await until(() => source.loads === 1)
    release()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['v1']))
    expect(source.loads).toBe(1)
    const outcomes = clients.map(
      ({ fetches: { load, join, wait, hit } }) => load + join + wait + hit,
    )
    expect(outcomes).toEqual([20, 20, 20])
    expect(clients.reduce((sum, { fetches }) => sum + fetches.loads, 0)).toBe(1)
  })

  test('no call after an invalidation has what was loaded before it', options, async () => {
    const { clients, client } = await fleet(kind, 2)
    const source = new Source()
    const release = source.hold()
    const key = newKey()
    const before = clients.map((it) => it.fetch(key, source.load))
    await until(() => source.loads === 1)
    source.version = 2
    await client.invalidate(key)
    const after = clients.map((it) => it.fetch(key, source.load))
    await until(() => source.loads === 2)
    release()
    expect(await Promise.all(after)).toEqual(['v2', 'v2'])
    // They began before, so that both values are right.
    for (const value of await Promise.all(before)) expect(['v1', 'v2']).toContain(value)
    for (const it of clients) expect(await it.fetch(key, source.load)).toBe('v2')
    expect(source.loads).toBe(2)
  })

  test.each([
    ['set', (client: Fetching, key: string) => client.set(key, 'newer'), 'newer'],
    ['deleted', (client: Fetching, key: string) => client.delete(key), 'v2'],
    ['flushed', (client: Fetching) => client.flushAll(), 'v2'],
  ] as const)(
    'a load stores nothing over an item that was %s since',
    options,
    async (_, change, left) => {
      const { client } = await fleet(kind, 1)
      const source = new Source()
      const release = source.hold()
      const key = newKey()
      const call = client.fetch(key, source.load)
      await until(() => source.loads === 1)
      await change(client, key)
      source.version = 2
      release()
      expect(await call).toBe('v1')
      expect(await client.fetch(key, source.load)).toBe(left)
    },
  )

  test(
    'who joins a load that fails has its error, and the next caller loads at once',
    options,
    async () => {
      const { clients, client } = await fleet(kind, 2)
      const failure = new Error('no database')
      const key = newKey()
      let fail: (error: Error) => void = () => {}
      const calls = [1, 2, 3].map(() =>
        client.fetch(key, () => new Promise((_, reject) => (fail = reject))),
      )
      await until(() => client.loading === 1)
      // Behind all that the others have asked, in text up to three times.
      for (let i = 0; i < 3; i++) await client.get(key)
      fail(failure)
      for (const call of calls) expect(await call.catch((error: unknown) => error)).toBe(failure)
      const source = new Source()
      expect(await (clients[1] as Fetching).fetch(key, source.load)).toBe('v1')
      const thrown = client.fetch(newKey(), () => {
        throw failure
      })
      expect(await thrown.catch((error: unknown) => error)).toBe(failure)
    },
  )

  test('undefined is remembered for a while, null is a value', options, async () => {
    const { client } = await fleet(kind, 1)
    const key = newKey()
    let loads = 0
    const none = () => void loads++
    expect(await client.fetch(key, none)).toBeUndefined()
    expect(await client.fetch(key, none)).toBeUndefined()
    expect(loads).toBe(1)
    expect(client.fetches).toMatchObject({ load: 1, negative: 1 })
    expect(await client.get(key, { default: 'miss' })).toBe('miss')
    expect(await client.getMany([key])).toEqual(new Map())
    const unremembered = newKey()
    for (const count of [2, 3]) {
      await client.fetch(unremembered, none, { negativeExpire: 0 })
      expect(loads).toBe(count)
    }
    const missing = newKey()
    for (let i = 0; i < 2; i++) expect(await client.fetch(missing, () => null)).toBeNull()
    expect(client.fetches.hit).toBe(1)
  })

  test('a load that takes too long is given up', options, async () => {
    const { client } = await fleet(kind, 1, { loadTimeout: 20 })
    const key = newKey()
    let aborted: unknown
    const call = client.fetch(key, ({ signal }) => {
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = signal.reason
          resolve('late')
        })
      })
    })
    await expect(call).rejects.toThrow(MemcacheLoadTimeoutError)
    expect(aborted).toBeInstanceOf(MemcacheLoadTimeoutError)
    expect(await client.fetch(key, () => 'next')).toBe('next')
  })

  test('a signal ends its call alone; the last one aborts the load', options, async () => {
    const { client } = await fleet(kind, 1)
    const key = newKey()
    const [first, second] = [new AbortController(), new AbortController()]
    let loadSignal: AbortSignal | undefined
    const load = ({ signal }: { signal: AbortSignal }) => {
      loadSignal = signal
      return new Promise<string>(() => {})
    }
    const calls = [first, second].map(({ signal }) =>
      client.fetch(key, load, { signal }).catch((error: unknown) => error),
    )
    await until(() => client.loading === 1 && loadSignal !== undefined)
    // Behind all that the others have asked, in text up to three times.
    for (let i = 0; i < 3; i++) await client.get(key)
    first.abort('first')
    expect(await calls[0]).toBe('first')
    expect(loadSignal?.aborted).toBe(false)
    second.abort('second')
    expect(await calls[1]).toBe('second')
    expect(loadSignal?.reason).toBe('second')
    expect(await client.fetch(key, () => 'next')).toBe('next')
    const aborted = client.fetch(newKey(), () => 'never', { signal: AbortSignal.abort('before') })
    expect(await aborted.catch((error: unknown) => error)).toBe('before')
  })

  test('a signal ends a call whose cache does not answer', options, async () => {
    const { client, server } = await fleet(kind, 1)
    await client.get(newKey())
    const before = client.fetches
    const controller = new AbortController()
    const call = client.fetch(newKey(), () => 'value', { signal: controller.signal })
    controller.abort('enough')
    expect(await call.catch((error: unknown) => error)).toBe('enough')
    expect(client.fetches).toEqual(before)
    expect(server.port).toBeGreaterThan(0)
  })

  test('a process that is killed while it loads is replaced', options, async () => {
    const { clients, client } = await fleet(kind, 3, { waitTimeout: 50 })
    const source = new Source()
    const key = newKey()
    void client.fetch(key, () => new Promise(() => {})).catch(() => {})
    await until(() => client.loading === 1)
    ;(client.client as unknown as { destroy(): void }).destroy()
    const others = clients.slice(1).flatMap((it) => [1, 2, 3].map(() => it.fetch(key, source.load)))
    expect(new Set(await Promise.all(others))).toEqual(new Set(['v1']))
    expect(source.loads).toBeLessThanOrEqual(2)
    expect(await client.fetch(key, source.load).catch(() => 'closed')).toBe('closed')
    expect(await (clients[1] as Fetching).fetch(key, source.load)).toBe('v1')
  })

  test('of all processes that wait for one that is gone, one loads', options, async () => {
    const { clients, client } = await fleet(kind, 6, { waitTimeout: 500 })
    const source = new Source()
    const release = source.hold()
    const key = newKey()
    await client.lease(key, { seconds: 60 })
    const asked = clients.map((it) => {
      const lease = vi.spyOn(it.client, 'lease')
      return () => lease.mock.calls.some(([leased]) => leased !== key)
    })
    const calls = clients.map((it) => it.fetch(key, source.load))
    // Each has waited for long enough, and asked whether it may take over.
    await until(() => asked.every((hasAsked) => hasAsked()))
    release()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['v1']))
    expect(source.loads).toBe(1)
  })

  test(
    'what is loaded in its place is stored, also if the connection broke meanwhile',
    options,
    async () => {
      const { server, clients } = await fleet(kind, 2, { waitTimeout: 100 })
      const [gone, client] = clients as [Fetching, Fetching]
      const proxy = await FaultProxy.start(server.name)
      const behind = new Client(proxy.name, {
        timeout: 10_000,
        connectTimeout: 10_000,
        ...kind.options,
      })
      onTestFinished(async () => {
        behind.destroy()
        await proxy.stop()
      })
      const cache = new FetchClient(behind, { expire: 100, waitTimeout: 100 })
      const key = newKey()
      await gone.lease(key, { seconds: 60 })
      const lease = vi.spyOn(behind, 'lease')
      const call = cache.fetch(key, () => 'v1')
      await until(() => lease.mock.calls.length > 1)
      proxy.resetConnections()
      expect(await call).toBe('v1')
      expect(await client.get(key)).toBe('v1')
    },
  )

  test(
    'a cache that falls silent when a wait has been long enough is read anew',
    options,
    async () => {
      const { clients } = await fleet(kind, 2, { waitTimeout: 50 })
      const [gone, client] = clients as [Fetching, Fetching]
      const key = newKey()
      await gone.lease(key, { seconds: 60 })
      const lease = client.client.lease.bind(client.client)
      let failures = 0
      vi.spyOn(client.client, 'lease').mockImplementation(async (leased, leaseOptions) => {
        if (leased === key && failures !== 1) return lease(leased, leaseOptions)
        // Who may take over is not answered, nor is the next read; until then somebody has stored.
        if (++failures === 2) await gone.set(key, 'stored')
        throw new MemcacheTimeoutError('silent')
      })
      const loader = vi.fn(() => 'loaded')
      expect(await client.fetch(key, loader)).toBe('stored')
      expect(loader).not.toHaveBeenCalled()
      expect(failures).toBe(2)
    },
  )

  test('whoever takes over from it may be gone as well', options, async () => {
    const { clients, client } = await fleet(kind, 3, { waitTimeout: 20 })
    const key = newKey()
    await client.lease(key, { seconds: 60 })
    let loads = 0
    const load = () => (++loads === 1 ? new Promise<never>(() => {}) : 'v1')
    const calls = clients.map((it) => it.fetch(key, load))
    await until(() => loads > 1)
    // The one whose load never ends has its value when that is given up.
    expect(await Promise.any(calls)).toBe('v1')
    for (const it of clients) expect(await it.get(key)).toBe('v1')
    for (const call of calls) call.catch(() => {})
  })

  test('a loader that takes longer than others wait stores all the same', options, async () => {
    const { clients } = await fleet(kind, 2, { waitTimeout: 20 })
    const [slow, other] = clients as [Fetching, Fetching]
    const key = newKey()
    const source = new Source()
    const release = source.hold()
    const first = slow.fetch(key, source.load)
    await until(() => source.loads === 1)
    const second = other.fetch(key, source.load)
    await until(() => source.loads === 2)
    release()
    expect(await Promise.all([first, second])).toEqual(['v1', 'v1'])
    expect(await other.fetch(key, source.load)).toBe('v1')
    expect(source.loads).toBe(2)
  })

  test('a value that the server cannot store is answered, and blocks nobody', options, async () => {
    const { client } = await fleet(kind, 1)
    const key = newKey()
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    const large = Buffer.alloc(2_000_000)
    for (let i = 0; i < 2; i++) {
      expect(await client.fetch(key, () => large)).toBe(large)
      await until(() => errors.length === i + 1)
    }
    expect(client.fetches).toMatchObject({ load: 2, wait: 0 })
    expect(errors[0]?.message).toContain('too large')
  })

  test('without its server it loads, one at a time, and stores nothing', options, async () => {
    const { client, server } = await fleet(kind, 1, {}, { timeout: 1000 })
    const key = newKey()
    await client.fetch(key, () => 'stored')
    await server.stop()
    const source = new Source()
    const release = source.hold()
    const calls = Array.from({ length: 10 }, () => client.fetch(key, source.load))
    await until(() => source.loads === 1)
    source.version = 2
    const later = client.fetch(key, source.load)
    release()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['v1']))
    // What a load that began before the call has seen may be too old for it.
    expect(await later).toBe('v2')
    expect(source.loads).toBe(2)
    expect(client.fetches.uncached).toBe(11)
    await until(() => client.loading === 0)
  })
})

type Fetching = Awaited<ReturnType<typeof fleet>>['client']
