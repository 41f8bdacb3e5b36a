import { describe, expect, test } from 'vitest'
import { kinds } from '../../../test-support/amounts.ts'
import { fleet, newKey, SERVERS, until } from './support/fleet.ts'

describe.each(kinds(SERVERS))('$name', (kind) => {
  const options = { tags: ['long', ...kind.tags] }

  test('one load for all keys that a call misses', options, async () => {
    const { client } = await fleet(kind, 1)
    const [a, b, c, d] = [newKey(), newKey(), newKey(), newKey()] as const
    await client.fetch(b, () => 'b')
    const loads: string[][] = []
    const load = (keys: string[]) => {
      loads.push(keys)
      return new Map(keys.filter((key) => key !== d).map((key) => [key, `of ${key}`]))
    }
    const found = await client.fetchMany([a, b, c, d, a], load)
    expect([...found]).toEqual([
      [a, `of ${a}`],
      [b, 'b'],
      [c, `of ${c}`],
    ])
    expect(loads).toEqual([[a, c, d]])
    expect((await client.fetchMany([a, b, c, d], load)).size).toBe(3)
    expect(loads).toHaveLength(1)
    expect(await client.fetchMany([] as string[], load)).toEqual(new Map())
  })

  test('two calls load each key once between them', options, async () => {
    const { clients } = await fleet(kind, 2)
    const keys = Array.from({ length: 200 }, newKey)
    const loaded: string[] = []
    const load = async (wanted: string[]) => {
      loaded.push(...wanted)
      await new Promise((resolve) => setTimeout(resolve, 5))
      return new Map(wanted.map((key) => [key, key]))
    }
    const calls = [...clients, ...clients].map((it, i) =>
      it.fetchMany(i % 2 === 0 ? keys : [...keys].reverse(), load),
    )
    for (const found of await Promise.all(calls)) expect(found.size).toBe(200)
    expect(loaded.sort()).toEqual([...keys].sort())
  })

  test(
    'a load that fails fails its keys, and leaves them to the next caller',
    options,
    async () => {
      const { client } = await fleet(kind, 1)
      const keys = [newKey(), newKey()]
      const failure = new Error('no database')
      const failing = client.fetchMany(keys, () => Promise.reject(failure))
      expect(await failing.catch((error: unknown) => error)).toBe(failure)
      const found = await client.fetchMany(keys, (wanted) => new Map(wanted.map((it) => [it, 1])))
      expect(found.size).toBe(2)
      const unfit = client.fetchMany([newKey()], (() => ({})) as never)
      await expect(unfit).rejects.toThrow('the loader must answer a Map, got Object')
      await until(() => client.loading === 0)
    },
  )

  test(
    'with an illegal key nothing is loaded, and no other key is kept from others',
    options,
    async () => {
      const { client } = await fleet(kind, 1)
      const key = newKey()
      let loads = 0
      const illegal = client.fetchMany([key, 'a key'], () => new Map([[key, ++loads]]))
      await expect(illegal).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
      expect(loads).toBe(0)
      expect(await client.fetch(key, () => 'value')).toBe('value')
      expect(client.fetches).toMatchObject({ load: 1, wait: 0 })
    },
  )

  test(
    'a signal ends the call, and aborts the load that nobody else waits for',
    options,
    async () => {
      const { client } = await fleet(kind, 1)
      const keys = [newKey(), newKey()]
      const controller = new AbortController()
      let loadSignal: AbortSignal | undefined
      const call = client.fetchMany(
        keys,
        (_, { signal }) => {
          loadSignal = signal
          return new Promise<Map<string, string>>(() => {})
        },
        { signal: controller.signal },
      )
      const outcome = call.catch((error: unknown) => error)
      await until(() => loadSignal !== undefined)
      controller.abort('enough')
      expect(await outcome).toBe('enough')
      await until(() => loadSignal?.aborted === true)
      const next = await client.fetchMany(
        keys,
        (wanted) => new Map(wanted.map((it) => [it, 'next'])),
      )
      expect([...next.values()]).toEqual(['next', 'next'])
    },
  )
})
