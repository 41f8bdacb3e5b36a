import type { ElastiCacheHashClient } from '@mc/aws-ec'
import { type Client, type NativeValue, retrying } from '@mc/client'
import type { FallbackClient } from '@mc/fallback'
import type { HashClient } from '@mc/hash'
import type { PooledClient } from '@mc/pool'
import type { ItemKey, MemcacheClient, ValueWithCas } from '@mc/protocol'
import { MockMemcacheClient } from '@mc/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'

interface User {
  readonly name: string
}

/** Types of one client; nothing of it is called. */
function readsOf(client: Client) {
  return {
    plain: () => client.get('key'),
    typed: () => client.get<User>('key'),
    orNull: () => client.get<User>('key', { default: null }),
    orNullInTime: () => client.get<User>('key', { default: null, timeout: 5 }),
    orZero: () => client.get<number>('key', { default: 0 }),
    inTime: () => client.get<User>('key', { timeout: 5 }),
    withCas: () => client.gets<User>('key', { default: null }),
    touched: () => client.gat<User>('key', 60, { default: null }),
    many: () => client.getMany<User>(['a', 'b']),
    manyWithCas: () => client.getsMany<User>(['a', 'b']),
    manyOfAny: () => client.getMany<User>(['a', Buffer.from('b')]),
  }
}

type Reads = ReturnType<typeof readsOf>

test('reads have the types that were asked for', () => {
  expectTypeOf<Reads['plain']>().returns.resolves.toEqualTypeOf<NativeValue | undefined>()
  expectTypeOf<Reads['typed']>().returns.resolves.toEqualTypeOf<User | undefined>()
  expectTypeOf<Reads['orNull']>().returns.resolves.toEqualTypeOf<User | null>()
  expectTypeOf<Reads['orNullInTime']>().returns.resolves.toEqualTypeOf<User | null>()
  expectTypeOf<Reads['orZero']>().returns.resolves.toEqualTypeOf<number>()
  expectTypeOf<Reads['inTime']>().returns.resolves.toEqualTypeOf<User | undefined>()
  expectTypeOf<Reads['withCas']>().returns.resolves.toEqualTypeOf<ValueWithCas<User> | null>()
  expectTypeOf<Reads['touched']>().returns.resolves.toEqualTypeOf<User | null>()
  expectTypeOf<Reads['many']>().returns.resolves.toEqualTypeOf<Map<string, User>>()
  expectTypeOf<Reads['manyWithCas']>().returns.resolves.toEqualTypeOf<
    Map<string, ValueWithCas<User>>
  >()
  expectTypeOf<Reads['manyOfAny']>().returns.resolves.toEqualTypeOf<Map<ItemKey, User>>()
})

describe('every client', () => {
  test('has them', () => {
    type Get = MemcacheClient<NativeValue>['get']
    // Not of the interface: a class of a user's that implements it need not have it.
    type GetMany = Client['getMany']
    expectTypeOf<Client['get']>().toEqualTypeOf<Get>()
    expectTypeOf<HashClient['get']>().toEqualTypeOf<Get>()
    expectTypeOf<PooledClient['get']>().toEqualTypeOf<Get>()
    expectTypeOf<FallbackClient<NativeValue>['get']>().toEqualTypeOf<Get>()
    expectTypeOf<ElastiCacheHashClient['get']>().toEqualTypeOf<Get>()
    expectTypeOf<MockMemcacheClient['get']>().toEqualTypeOf<Get>()
    expectTypeOf<HashClient['getMany']>().toEqualTypeOf<GetMany>()
    expectTypeOf<PooledClient['getMany']>().toEqualTypeOf<GetMany>()
    expectTypeOf<FallbackClient<NativeValue>['getMany']>().toEqualTypeOf<GetMany>()
  })

  test('behaves so', async () => {
    const client = retrying(new MockMemcacheClient())
    const reads = readsOf(client as unknown as Client)
    expect(await reads.orNull()).toBeNull()
    expect(await reads.orZero()).toBe(0)
    expect(await reads.many()).toEqual(new Map())
  })
})
