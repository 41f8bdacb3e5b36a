import { isUint8Array } from 'node:util/types'
import { Client } from '@mc/client'
import type { MemcacheClient } from '@mc/protocol'
import { MetaCommand } from '@mc/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { CLIENT_KINDS } from '../src/clients.ts'
import {
  anything,
  detached,
  ILLEGAL_CALL_OPTIONS,
  ILLEGAL_CLIENT_OPTIONS,
  ILLEGAL_KEYS,
  ILLEGAL_VALUES,
  LEGAL_KEYS,
  LEGAL_VALUES,
  resizable,
} from '../src/hostile-input.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

/** `toEqual` takes bytes one by one, for a long time. */
function expectSame(value: unknown, expected: unknown): void {
  if (Buffer.isBuffer(expected)) expect(isUint8Array(value) && expected.equals(value)).toBe(true)
  else expect(value).toEqual(expected)
}

const ILLEGAL = { code: 'MEMCACHE_ILLEGAL_INPUT' }

for (const [k, kind] of KINDS.entries()) {
  const { tags } = needsOf(kind)
  // Quick runs have one client on each kind of server.
  const clients = CLIENT_KINDS.filter((_, i) => isTurn(i + k, 3))
  describe.each(clients)(
    `$name on ${kind} memcached`,
    { tags: [...tags, 'long'] },
    ({ create }) => {
      let server: RunningServer
      let client: MemcacheClient
      beforeAll(async () => {
        const [tcp] = TRANSPORTS
        if (tcp === undefined) throw new Error('no transport')
        server = await startServer(kind, tcp)
        client = create(server.name, {
          allowUnicodeKeys: true,
          timeout: 10_000,
          connectTimeout: 10_000,
        })
        await client.setMany({ canary: 'alive', before: 'b' })
      })
      afterAll(async () => {
        await client.close()
        await server.stop()
      })

      /** Runs a call amid others, which must not notice it. */
      async function amid<T>(call: () => Promise<T>): Promise<T> {
        const before = client.set('before', 'b')
        const outcome = call()
        const after = [client.get('before'), client.get('canary'), client.set('after', 'a')]
        const [answer] = await Promise.allSettled([outcome])
        expect(await before).toBe(true)
        expect(await Promise.all(after)).toEqual(['b', 'alive', true])
        expect(await client.get('canary')).toBe('alive')
        if (answer.status === 'rejected') throw answer.reason
        return answer.value
      }

      test.each(Object.entries(ILLEGAL_KEYS))('refuses as a key: %s', async (_, make) => {
        const calls: (() => Promise<unknown>)[] = [
          () => client.get(anything(make())),
          () => client.set(anything(make()), 'v'),
          () => client.getMany([anything(make()), 'canary']),
          () => client.setMany([[anything(make()), 1]]),
          () => client.deleteMany(['none', anything(make())]),
          () => client.incr(anything(make())),
          () => client.get(['route', anything(make())]),
          () => client.get([anything(make()), 'item']),
        ]
        // What routes is no key that a server sees: any text and any bytes may do it.
        const isText = typeof make() === 'string' || isUint8Array(make())
        for (const call of isText ? calls.slice(0, -1) : calls) {
          await expect(amid(call), String(call)).rejects.toMatchObject(ILLEGAL)
        }
      })

      test.each(Object.entries(LEGAL_KEYS))('takes as a key: %s', async (_, make) => {
        const [key, same] = make()
        expect(await amid(() => client.set(anything(key), 'value'))).toBe(true)
        expect(await client.get(same)).toBe('value')
        expect([...(await client.getMany([anything(key)])).values()]).toEqual(['value'])
        expect(await client.delete(same)).toBe(true)
      })

      test.each(Object.entries(ILLEGAL_VALUES))('refuses as a value: %s', async (_, make) => {
        await client.set('value', 'old')
        const calls: (() => Promise<unknown>)[] = [
          () => client.set('value', anything(make())),
          () => client.add('value', anything(make())),
          () => client.append('value', anything(make())),
          () => client.setMany([['value', anything(make())]]),
          () => client.cas('value', anything(make()), '1'),
          () => client.set('value', anything(make()), { noreply: true }),
        ]
        for (const call of calls) {
          await expect(amid(call), String(call)).rejects.toMatchObject(ILLEGAL)
        }
        expect(await client.get('value')).toBe('old')
      })

      test.each(Object.entries(LEGAL_VALUES))('stores and gives back: %s', async (_, make) => {
        const [value, read] = make()
        expect(await amid(() => client.set('value', anything(value)))).toBe(true)
        expectSame(await client.get('value'), read)
        expect(await amid(() => client.setMany([['value', anything(value)]]))).toEqual([])
        expectSame((await client.getMany(['value'])).get('value'), read)
      })

      test.each(Object.entries(ILLEGAL_CALL_OPTIONS))(
        'refuses as options: %s',
        async (_, given) => {
          const options = anything(given)
          const calls: (() => Promise<unknown>)[] = [
            () => client.get('k', options),
            () => client.set('k', 1, options),
            () => client.setMany({ k: 1 }, options),
            () => client.getMany(['k'], options),
            () => client.deleteMany(['k'], options),
            () => client.incr('k', 1, options),
            () => client.touch('k', 1, options),
          ]
          for (const call of calls) {
            await expect(amid(call), String(call)).rejects.toMatchObject(ILLEGAL)
          }
        },
      )

      test('refuses dates that are none, and asks a Date itself when it is', async () => {
        class Crafted extends Date {
          override getTime(): never {
            return '0 1\r\nx\r\nflush_all\r\n' as never
          }
        }
        const fake = anything(Object.create(Date.prototype))
        await expect(amid(() => client.set('k', 1, { expire: fake }))).rejects.toMatchObject(
          ILLEGAL,
        )
        const soon = new Crafted(Date.now() + 100_000)
        expect(await amid(() => client.set('k', 1, { expire: soon }))).toBe(true)
        expect(await client.get('k')).toBe(1)
      })

      test('refuses many keys and entries that are none, a text included', async () => {
        const none = [null, undefined, 5, 'abc', {}, { [Symbol.iterator]: 5 }]
        for (const keys of none) {
          await expect(client.getMany(anything(keys))).rejects.toMatchObject(ILLEGAL)
          await expect(client.deleteMany(anything(keys))).rejects.toMatchObject(ILLEGAL)
        }
        const entries = [null, undefined, 5, 'abc', { [Symbol.iterator]: 5 }]
        for (const wrong of [...entries, [5], [null], ['ab'], [['a']], [['a', 1, 2]]]) {
          await expect(client.setMany(anything(wrong))).rejects.toMatchObject(ILLEGAL)
        }
      })

      test('keys and values change no prototype', async () => {
        const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']
        expect(
          await client.setMany(names.map((name) => [name, { polluted: true }] as const)),
        ).toEqual([])
        expect(await client.setMany(JSON.parse('{"__proto__":{"polluted":true}}'))).toEqual([])
        const found = await client.getMany(names)
        expect([...found.keys()]).toEqual(names)
        for (const value of found.values()) expect(value).toEqual({ polluted: true })
        expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
        expect(({} as Record<string, unknown>).polluted).toBeUndefined()
        expect(Object.getPrototypeOf(found)).toBe(Map.prototype)
      })

      test('bytes that their owner changes or takes away after set never shift what follows', async () => {
        for (const length of [10, 1000, 20_000, 300_000]) {
          const value = Buffer.alloc(length, 'o')
          const stored = client.set('mutable', value)
          value.fill('n')
          expect(await stored).toBe(true)
          expect(String(await client.get('mutable'))).toMatch(/^(o+|n+)$/)

          const taken = new Uint8Array(length).fill(111)
          const refused = client.set('mutable', taken)
          structuredClone(taken.buffer, { transfer: [taken.buffer] })
          await expect(amid(() => refused)).rejects.toMatchObject(ILLEGAL)
          expect(String(await client.get('mutable'))).toMatch(/^(o+|n+)$/)

          for (const size of [length - 1, length + 1]) {
            const buffer = resizable(length, length + 1)
            const resized = client.set('mutable', new Uint8Array(buffer))
            buffer.resize(size)
            // A call that waits for a connection of a pool looks at its value when it has one.
            const outcome = await amid(() => resized).catch((error: unknown) => error)
            if (outcome !== true) expect(outcome).toMatchObject(ILLEGAL)
            if (client instanceof Client) expect(outcome).not.toBe(true)
          }
        }
      })

      test.each(Object.entries(ILLEGAL_CLIENT_OPTIONS))('cannot be made with: %s', (_, options) => {
        expect(() => create(server.name, anything(options)).get('k')).toThrow(/must|key/)
      })

      test.each([
        ['a certificate authority that is a number', { ca: 5 }],
        ['a key that cannot be read', { key: 'garbage', cert: 'garbage' }],
        ['a version that does not exist', { minVersion: 'TLSv9' }],
      ])('fails to connect with TLS and %s', async (_, tls) => {
        const broken = create(server.name, { tls: anything(tls) })
        await expect(broken.get('k')).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
        await broken.close()
      })
    },
  )
}

test('meta commands are one well-formed request, or refused', async () => {
  const requests: unknown[] = [
    { verb: 'mg', key: 'kĊflush_allĊ', flags: ['v'] },
    { verb: 'mg k\r\nflush_all', key: 'k' },
    { verb: 'xx', key: 'k' },
    { verb: 'mg', key: 5 },
    { verb: 'mg', key: Buffer.from('k') },
    { verb: 'mg', key: 'k', flags: 'v' },
    { verb: 'mg', key: 'k', flags: [5] },
    { verb: 'mg', key: 'k', flags: ['v\r\nflush_all'] },
    { verb: 'ms', key: 'k', data: 5 },
    { verb: 'ms', key: 'k', data: {} },
    { verb: 'ms', key: 'k', data: detached(3) },
  ]
  for (const request of requests) {
    expect(() => new MetaCommand(anything(request)), JSON.stringify(request)).toThrow(
      expect.objectContaining(ILLEGAL),
    )
  }
  const [tcp] = TRANSPORTS
  const server = await tcp?.startEmbedded()
  const client = new Client(server?.name ?? '')
  const data = new Uint8Array(100)
  const command = client.execute(new MetaCommand({ verb: 'ms', key: 'k', data }))
  structuredClone(data.buffer, { transfer: [data.buffer] })
  const next = client.set('next', 'n')
  await expect(command).rejects.toMatchObject(ILLEGAL)
  expect(await next).toBe(true)
  await client.close()
  await server?.stop()
})
