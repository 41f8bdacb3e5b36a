import { Client } from '@mc/client'
import { MockMemcacheClient } from '@mc/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { FetchClient, type FetchDefaults, type FetchOptions, type Schema } from '../src/index.ts'

const WRONG: readonly (readonly [FetchDefaults, string])[] = [
  [{ expire: -1 }, 'expire must be an integer from 0 to 2592000 seconds, got -1'],
  [{ expire: 1.5 }, 'expire must be an integer from 0'],
  [{ expire: '60' as never }, 'expire must be a function, got string'],
  [{ staleWhileRevalidate: -1 }, 'staleWhileRevalidate must be an integer'],
  [{ staleIfError: Number.NaN }, 'staleIfError must be an integer'],
  [{ refreshAhead: 60, expire: 60 }, 'refreshAhead must be less than expire, 60, got 60'],
  [{ negativeExpire: -1 }, 'negativeExpire must be an integer'],
  [{ jitter: 2 }, 'jitter must be a number from 0 to 1, got 2'],
  [{ loadTimeout: 0 }, 'loadTimeout must be from 1 to 2147483647 milliseconds'],
  [{ softTimeout: -1 }, 'softTimeout must be from 1'],
  [{ waitTimeout: 0 }, 'waitTimeout must be from 1'],
  [{ retryDelay: -1 }, 'retryDelay must be a number of 0 or more milliseconds, got -1'],
  [{ timeout: 0 }, 'timeout must be from 1'],
  [{ ttl: 60 } as never, 'there is no option "ttl": did you mean expire?'],
]

test('each call has its own options, those included that changed in an object given before', async () => {
  const mock = new MockMemcacheClient()
  const client = new FetchClient(mock, { expire: 60 })
  const options: { expire?: number; signal?: AbortSignal } = { expire: 10 }
  const ttls: (number | undefined)[] = []
  const fetch = async (key: string, given?: FetchOptions<number>): Promise<void> => {
    await client.fetch(key, () => 1, given)
    ttls.push((await mock.inspect(key))?.ttl)
  }
  await fetch('first', options)
  options.expire = 20
  await fetch('changed', options)
  await fetch('none')
  await fetch('alike', { expire: 20 })
  delete options.expire
  await fetch('removed', options)
  expect(ttls).toEqual([10, 20, 60, 20, 60])
  options.signal = AbortSignal.abort(new Error('over'))
  await expect(fetch('aborted', options)).rejects.toThrow('over')
  await fetch('unsignalled', {})
  await expect(fetch('null', null as never)).rejects.toMatchObject({
    code: 'MEMCACHE_ILLEGAL_INPUT',
  })
})

describe('an invalid option', () => {
  test.each(WRONG)('%j of the constructor throws', (options, message) => {
    const create = (): unknown => new FetchClient(new MockMemcacheClient(), options)
    expect(create).toThrow(message)
    expect(create).toThrow(/^/)
    try {
      create()
    } catch (error) {
      expect([TypeError, RangeError]).toContain((error as Error).constructor)
    }
  })

  test.each(WRONG)('%j of a call rejects before anything is sent', async (options, message) => {
    const mock = new MockMemcacheClient()
    const client = new FetchClient(mock, { expire: 60 })
    const illegal = { code: 'MEMCACHE_ILLEGAL_INPUT', message: expect.stringContaining(message) }
    await expect(client.fetch('key', () => 1, options)).rejects.toMatchObject(illegal)
    await expect(client.fetchMany(['key'], () => new Map(), options)).rejects.toMatchObject(illegal)
    expect(mock.calls).toEqual([])
  })

  test('nor is a call without expire, a loader or a legal key sent', async () => {
    const mock = new MockMemcacheClient()
    const client = new FetchClient(mock)
    const illegal = { code: 'MEMCACHE_ILLEGAL_INPUT' }
    await expect(client.fetch('key', () => 1)).rejects.toThrow('expire must be given')
    await expect(client.fetch('key', 1 as never, { expire: 1 })).rejects.toMatchObject(illegal)
    await expect(client.fetch('key', () => 1, { expire: 1, schema: {} as never })).rejects.toThrow(
      'schema must be a Standard Schema',
    )
    await expect(client.fetch('key', () => 1, { expire: 1, signal: {} as never })).rejects.toThrow(
      'signal must be an AbortSignal',
    )
    expect(mock.calls).toEqual([])
    await expect(client.fetch('a key', () => 1, { expire: 1 })).rejects.toMatchObject(illegal)
    expect(() => new FetchClient(undefined as never)).toThrow(TypeError)
  })
})

test('expire may depend on the value, and say that it is not to be stored', async () => {
  const client = new FetchClient(new MockMemcacheClient())
  const expire = (value: number) => value
  expect(await client.fetch('a', () => 100, { expire })).toBe(100)
  expect((await client.inspect('a'))?.ttl).toBeGreaterThan(90)
  expect(await client.fetch('b', () => -1, { expire })).toBe(-1)
  expect(await client.fetch('b', () => 50, { expire })).toBe(50)
  expect(await client.fetch('c', () => 0, { expire })).toBe(0)
  expect((await client.inspect('c'))?.ttl).toBe(Number.POSITIVE_INFINITY)
  await expect(client.fetch('d', () => 0.5, { expire })).rejects.toThrow('expire must return')
})

test('a stored value that the schema refuses is a miss, a loaded one an error', async () => {
  const mock = new MockMemcacheClient()
  const client = new FetchClient(mock, { expire: 60 })
  const schema: Schema<{ id: number }> = {
    '~standard': {
      version: 1,
      validate: async (value) =>
        typeof (value as { id?: unknown }).id === 'number'
          ? { value: { id: (value as { id: number }).id } }
          : { issues: [{ message: 'no id' }] },
    },
  }
  await client.set('user', { name: 'old form' })
  expect(await client.fetch('user', () => ({ id: 1 }), { schema })).toEqual({ id: 1 })
  expect(await client.fetch('user', () => ({ id: 2 }), { schema })).toEqual({ id: 1 })
  expect(client.fetches).toMatchObject({ load: 1, hit: 1 })
  const refused = client.fetch<unknown>('other', () => 'no object', { schema } as FetchOptions)
  await expect(refused).rejects.toThrow('the schema refuses the value that the loader answered')
  expect(await client.fetch('other', () => ({ id: 3 }), { schema })).toEqual({ id: 3 })
})

test('a value that cannot be read is a miss', async () => {
  const mock = new MockMemcacheClient()
  const client = new FetchClient(mock, { expire: 60 })
  // A pickle of Python.
  await mock.set('pickled', 'data', { flags: 1 })
  expect(await client.fetch('pickled', () => 'loaded')).toBe('loaded')
  expect(await mock.get('pickled')).toBe('loaded')
})

test('what the loader answers is the type of the call', () => {
  interface User {
    readonly id: number
  }
  const loadUser = async (_: number): Promise<User> => ({ id: 1 })
  const client = new FetchClient(new Client('localhost'), { expire: 60 })
  const types = async (): Promise<void> => {
    expectTypeOf(await client.fetch('key', () => loadUser(1))).toEqualTypeOf<User>()
    expectTypeOf(await client.fetch<User>('key', () => loadUser(1))).toEqualTypeOf<User>()
    expectTypeOf(
      await client.fetch('key', ({ signal }) => loadUser(signal.aborted ? 1 : 2)),
    ).toEqualTypeOf<User>()
    expectTypeOf(await client.fetch('key', (): User | undefined => undefined)).toEqualTypeOf<
      User | undefined
    >()
    await client.fetch<User>('key', ({ stale }) => {
      expectTypeOf(stale).toEqualTypeOf<User | undefined>()
      return loadUser(1)
    })
    const many = await client.fetchMany(['a'], (keys) => {
      expectTypeOf(keys).toEqualTypeOf<string[]>()
      return new Map(keys.map((key): [string, User] => [key, { id: 1 }]))
    })
    expectTypeOf(many).toEqualTypeOf<Map<string, User>>()
    await client.fetch('key', () => loadUser(1), { expire: ({ id }) => id })
    // @ts-expect-error: a schema of another type
    await client.fetch<User>('key', () => loadUser(1), { schema: {} as Schema<string> })
  }
  expect(types).toBeTypeOf('function')
})
