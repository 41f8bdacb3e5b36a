import { Client } from '@mc/client'
import {
  isConnectionError,
  MemcachePartialError,
  MemcacheTimeoutError,
  type Serde,
} from '@mc/protocol'
import { nativeSerde } from '@mc/serde'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'

const never = new Promise<never>(() => {})
/** Never reads `!`, and never writes it when the key says so. */
const hangingSerde: Serde<unknown> = {
  serialize: (value, key) => (key === 'unwritable' ? never : { data: String(value), flags: 0 }),
  deserialize: (data) => (data.toString() === '!' ? never : data.toString()),
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

describe.each(['meta', 'text'] as const)('in the %s dialect', (dialect) => {
  const kinds = {
    Client: async (serde: Serde<unknown>) => {
      const server = await MemcachedServer.start()
      ends.push(() => server.stop())
      return new Client(server.name, { serde, dialect })
    },
    MockMemcacheClient: async (serde: Serde<unknown>) => new MockMemcacheClient({ serde, dialect }),
  }

  describe.each(Object.entries(kinds))('%s', (_, create) => {
    test('a serde that never settles ends with the deadline of its call', async () => {
      const client = await create(hangingSerde)
      ends.push(() => client.close())
      await client.setMany({ a: '!', b: 'x' })
      const options = { timeout: 50 }
      for (const call of [
        () => client.get('a', options),
        () => client.gets('a', options),
        () => client.gat('a', 0, options),
        () => client.set('unwritable', 1, options),
        () => client.setMany({ c: 1, unwritable: 1 }, options),
      ]) {
        const error = await call().catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(MemcacheTimeoutError)
        // Neither is the server dead nor its connection bad.
        expect(isConnectionError(error)).toBe(false)
      }
      const error = await client.getMany(['a', 'b'], options).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(MemcachePartialError)
      expect((error as MemcachePartialError).results).toEqual(new Map([['b', 'x']]))
      expect(await client.get('b')).toBe('x')
    })

    test('an abort ends the wait for a serde', async () => {
      const client = await create(hangingSerde)
      ends.push(() => client.close())
      await client.set('a', '!')
      for (const call of ['get', 'getMany', 'set'] as const) {
        const controller = new AbortController()
        const options = { timeout: 30_000, signal: controller.signal }
        const answer =
          call === 'get'
            ? client.get('a', options)
            : call === 'getMany'
              ? client.getMany(['a', 'b'], options)
              : client.set('unwritable', 1, options)
        // Behind the reply, so that it meets the serde at work.
        void client.version().then(() => controller.abort(new Error('enough')))
        await expect(answer).rejects.toThrow('enough')
      }
    })

    test('a slow serde that is in time is waited for', async () => {
      const slow: Serde<unknown> = {
        serialize: async (value, key) => nativeSerde.serialize(value as string, key),
        deserialize: async (data, flags, key) => nativeSerde.deserialize(data, flags, key),
      }
      const client = await create(slow)
      ends.push(() => client.close())
      expect(await client.setMany({ a: 'x', b: 7 })).toEqual([])
      expect(await client.get('a')).toBe('x')
      expect((await client.gets('b'))?.value).toBe(7)
      expect(await client.getMany(['a', 'b', 'c'])).toEqual(
        new Map<string, unknown>([
          ['a', 'x'],
          ['b', 7],
        ]),
      )
    })
  })
})
