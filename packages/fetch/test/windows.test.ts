import { Client } from '@mc/client'
import { describe, expect, test } from 'vitest'
import { EMBEDDED, fleet, newKey, SERVERS, Source, until } from './support/fleet.ts'

describe.each(EMBEDDED.filter(({ isTimed }) => isTimed))('$name', (kind) => {
  test('a value past its freshness is answered while one caller of all loads', async () => {
    const { clients, client, clock } = await fleet(kind, 2, {
      expire: 10,
      staleWhileRevalidate: 20,
    })
    const source = new Source()
    const key = newKey()
    await client.fetch(key, source.load)
    clock.pass(9)
    expect(await client.fetch(key, source.load)).toBe('v1')
    expect(client.fetches).toMatchObject({ load: 1, hit: 1, stale: 0 })
    clock.pass(2)
    source.version = 2
    const release = source.hold()
    const calls = clients.flatMap((it) => [1, 2, 3].map(() => it.fetch(key, source.load)))
    expect(await Promise.all(calls)).toEqual(Array(6).fill('v1'))
    release()
    await until(() => clients.every(({ loading }) => loading === 0))
    expect(source.loads).toBe(2)
    for (const it of clients) expect(await it.fetch(key, source.load)).toBe('v2')
    clock.pass(31)
    source.version = 3
    expect(await client.fetch(key, source.load)).toBe('v3')
  })

  test('before a value expires one caller of all loads in the background', async () => {
    const { clients, client, clock } = await fleet(kind, 2, { expire: 10, refreshAhead: 3 })
    const source = new Source()
    const key = newKey()
    await client.fetch(key, source.load)
    clock.pass(6)
    await client.fetch(key, source.load)
    expect(source.loads).toBe(1)
    clock.pass(2)
    source.version = 2
    for (const it of clients) expect(await it.fetch(key, source.load)).toMatch(/v[12]/)
    await until(() => clients.every(({ loading }) => loading === 0))
    expect(source.loads).toBe(2)
    for (const it of clients) expect(await it.fetch(key, source.load)).toBe('v2')
    expect(clients[1]?.fetches).toMatchObject({ hit: 2, wait: 0, load: 0 })
  })

  test('an old value stands in for one that cannot be loaded, within its window', async () => {
    const { clients, client, clock } = await fleet(kind, 2, {
      expire: 10,
      staleIfError: 20,
      retryDelay: 10_000,
    })
    const key = newKey()
    const failure = new Error('no database')
    let failures = 0
    const fail = (): never => {
      failures++
      throw failure
    }
    await client.fetch(key, () => 'old')
    clock.pass(11)
    expect(await client.fetch<string>(key, fail)).toBe('old')
    expect(client.fetches.stale).toBe(1)
    // It has just failed here.
    expect(await client.fetch<string>(key, fail)).toBe('old')
    expect(failures).toBe(1)
    clock.pass(20)
    await expect(clients[1]?.fetch<string>(key, fail)).rejects.toBe(failure)
    expect(await client.fetch(key, () => 'new')).toBe('new')
  })

  test('a load that fails in the background is an event, and is tried again after retryDelay', async () => {
    const { client, clock } = await fleet(kind, 1, {
      expire: 10,
      staleWhileRevalidate: 20,
      retryDelay: 30,
    })
    const key = newKey()
    const failure = new Error('no database')
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    await client.fetch(key, () => 'old')
    clock.pass(11)
    const fail = (): Promise<string> => Promise.reject(failure)
    expect(await client.fetch(key, fail)).toBe('old')
    await until(() => errors.length === 1)
    expect(errors[0]).toBe(failure)
    await until(async () => {
      expect(await client.fetch(key, () => 'new')).toMatch(/old|new/)
      return client.fetches.loads > 2
    })
    await until(() => client.loading === 0)
    expect(await client.fetch(key, () => 'newer')).toBe('new')
  })

  test('after softTimeout an old value is answered, and the load goes on', async () => {
    const { client, clock } = await fleet(kind, 1, {
      expire: 10,
      staleIfError: 20,
      softTimeout: 10,
    })
    const source = new Source()
    const key = newKey()
    await client.fetch(key, source.load)
    clock.pass(11)
    source.version = 2
    const release = source.hold()
    expect(await client.fetch(key, source.load)).toBe('v1')
    expect(client.loading).toBe(1)
    release()
    await until(() => client.loading === 0)
    expect(await client.fetch(key, source.load)).toBe('v2')
  })

  test('a value whose winner never stores it is loaded by another after loadTimeout', async () => {
    const { clients, client, clock } = await fleet(kind, 2, {
      expire: 10,
      staleWhileRevalidate: 50,
      loadTimeout: 50,
    })
    const other = clients[1] as typeof client
    const key = newKey()
    await client.fetch(key, () => 'old')
    clock.pass(11)
    // Whoever it was is gone.
    expect((await client.lease(key, { seconds: 5, refreshWithin: 100 })).won).toBe(true)
    const source = new Source()
    await until(async () => (await other.fetch(key, source.load)) === 'v1')
    expect(source.loads).toBe(1)
    expect(other.fetches.stale).toBeGreaterThan(1)
  })

  test('the old value of an item invalidated with staleFor is answered while one caller loads', async () => {
    const { clients, client, clock } = await fleet(kind, 2)
    const source = new Source()
    const key = newKey()
    await client.fetch(key, source.load)
    source.version = 2
    expect(await client.invalidate(key, { staleFor: 30 })).toBe(true)
    expect(await client.get(key)).toBe('v1')
    const release = source.hold()
    expect(await Promise.all(clients.map((it) => it.fetch(key, source.load)))).toEqual(['v1', 'v1'])
    release()
    await until(async () => (await client.get(key)) === 'v2')
    expect(source.loads).toBe(2)
    await client.invalidate(key, { staleFor: 30 })
    await client.invalidate(key, { staleFor: 60 })
    clock.pass(31)
    expect(await client.get(key)).toBeUndefined()
  })

  test('that there is nothing has the windows that a value has', async () => {
    const { client, clock } = await fleet(kind, 1, {
      negativeExpire: 5,
      staleWhileRevalidate: 20,
    })
    const key = newKey()
    await client.fetch(key, () => undefined)
    clock.pass(4)
    expect(await client.fetch(key, () => 'new')).toBeUndefined()
    expect(client.fetches.loads).toBe(1)
    clock.pass(2)
    expect(await client.fetch(key, () => 'new')).toBeUndefined()
    await until(() => client.loading === 0)
    expect(await client.fetch(key, () => 'newer')).toBe('new')
  })

  test('refreshAhead reloads neither what is just loaded nor that there is nothing', async () => {
    const { client, clock } = await fleet(kind, 1, {
      expire: 10,
      negativeExpire: 3,
      refreshAhead: 8,
      jitter: 1,
      staleWhileRevalidate: 20,
    })
    const [key, none] = [newKey(), newKey()]
    for (let i = 0; i < 5; i++) {
      await client.fetch(key, () => 'value')
      await client.fetch(none, () => undefined)
    }
    await until(() => client.loading === 0)
    expect(client.fetches.loads).toBe(2)
    clock.pass(4)
    expect(await client.fetch(none, () => 'new')).toBeUndefined()
  })

  test('a placeholder whose winner is gone ends, and times to live are shortened at random', async () => {
    const { client, clock } = await fleet(kind, 1, { loadTimeout: 1000, jitter: 0.5, expire: 1000 })
    const key = newKey()
    expect((await client.lease(key, { seconds: 2 })).won).toBe(true)
    clock.pass(3)
    expect(await client.fetch(key, () => 'value')).toBe('value')
    expect(client.fetches).toMatchObject({ load: 1, wait: 0 })
    const ttls = new Set<number>()
    for (let i = 0; i < 20; i++) {
      const each = newKey()
      await client.fetch(each, () => 'value')
      ttls.add((await client.inspect(each))?.ttl as number)
    }
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(499)
    expect(Math.max(...ttls)).toBeLessThanOrEqual(1000)
    expect(ttls.size).toBeGreaterThan(5)
  })
})

describe.each(SERVERS.filter(({ isTimed }) => !isTimed))('$name', ({ tags, ...kind }) => {
  test('windows do nothing, which is said once', { tags: [...tags] }, async () => {
    const { client } = await fleet({ tags, ...kind }, 1, {
      staleWhileRevalidate: 20,
      refreshAhead: 5,
    })
    const warnings: Error[] = []
    client.on('warning', (warning) => warnings.push(warning))
    const key = newKey()
    for (let i = 0; i < 3; i++) expect(await client.fetch(key, () => 'value')).toBe('value')
    await until(() => warnings.length > 0)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.message).toContain('staleWhileRevalidate')
    expect(await client.invalidate(key, { staleFor: 30 })).toBe(true)
    expect(await client.fetch(key, () => 'new')).toBe('new')
  })

  test('no value outlives its freshness', { tags: [...tags] }, async () => {
    const { client, clock, server } = await fleet({ tags, ...kind }, 1, {
      expire: 10,
      staleIfError: 20,
    })
    const key = newKey()
    await client.fetch(key, () => 'old')
    if (tags.length > 0) {
      const meta = new Client(server.name)
      expect((await meta.inspect(key))?.ttl).toBeLessThanOrEqual(10)
      await meta.close()
    } else {
      clock.pass(11)
      expect(await client.fetch(key, () => 'new')).toBe('new')
    }
  })
})
