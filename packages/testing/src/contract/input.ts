import assert from 'node:assert/strict'
import type { MemcacheClient } from '@mc/protocol'
import type { Rule } from './rule.ts'

const ILLEGAL = { code: 'MEMCACHE_ILLEGAL_INPUT' }

const ILLEGAL_KEYS: readonly unknown[] = [
  '',
  ' ',
  'a b',
  'a\tb',
  'a\n',
  '\r\n',
  'k\r\nflush_all',
  'a\0',
  'a\x7f',
  '\x01',
  'k'.repeat(251),
  'é',
  '☃',
  '\ud800',
  Buffer.from('a b'),
  Buffer.alloc(251, 'k'),
  new Uint8Array(0),
  undefined,
  null,
  5,
  true,
  {},
  { toString: () => 'key' },
  [],
  ['k'],
  ['a', 'b', 'c'],
  ['route', 'b c'],
]

/** Whether a call is refused as illegal input, rather than carried out. */
async function isRefused(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call()
    return false
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== ILLEGAL.code) throw error
    return true
  }
}

export const inputContract: readonly Rule[] = [
  {
    name: 'every command refuses an illegal key',
    async check(client) {
      for (const illegal of ILLEGAL_KEYS) {
        const key = illegal as string
        const calls: (() => Promise<unknown>)[] = [
          () => client.get(key),
          () => client.gets(key),
          () => client.gat(key, 1),
          () => client.gats(key, 1),
          () => client.getMany([key]),
          () => client.getsMany([key]),
          () => client.set(key, 1),
          () => client.setMany([[key, 1]]),
          () => client.add(key, 1),
          () => client.replace(key, 1),
          () => client.append(key, '1'),
          () => client.prepend(key, '1'),
          () => client.cas(key, 1, '1'),
          () => client.incr(key),
          () => client.decr(key),
          () => client.touch(key, 1),
          () => client.delete(key),
          () => client.deleteMany([key]),
        ]
        for (const call of calls) await assert.rejects(call, ILLEGAL, `${call} with ${String(key)}`)
      }
    },
  },
  {
    name: 'keys of 250 bytes, and bytes of 0x80 and above, are legal',
    async check(client) {
      for (const key of ['k'.repeat(250), Buffer.from([0x80, 0xff, 0x21]), Buffer.from('☃é')]) {
        assert.equal(await client.set(key, 'v'), true)
        assert.equal(await client.get(key), 'v')
        assert.equal((await client.getMany([key])).get(key), 'v')
        assert.equal(await client.delete(key), true)
      }
    },
  },
  {
    name: 'a pair is stored under its second part, or refused by a client that takes none',
    async check(client, key) {
      const pair = [key('route'), key('item')] as const
      if (await isRefused(() => client.get(pair))) {
        await assert.rejects(() => client.set(pair, 'v'), ILLEGAL)
        await assert.rejects(() => client.getMany([pair]), ILLEGAL)
        await assert.rejects(() => client.delete(pair), ILLEGAL)
        return
      }
      assert.equal(await client.set(pair, 'v'), true)
      assert.equal(await client.get(pair), 'v')
      assert.deepEqual([...(await client.getMany([pair]))], [[key('item'), 'v']])
      assert.equal(await client.delete(pair), true)
    },
  },
  {
    name: 'illegal values, expiries, flags, deltas and CAS tokens are refused before anything is sent',
    async check(client, key) {
      await client.set(key(), 1)
      const loose = client as MemcacheClient<unknown>
      const wrong = (value: unknown): never => value as never
      const calls: (() => Promise<unknown>)[] = [
        ...[undefined, () => 1, Symbol('s')].map((value) => () => loose.set(key(), value)),
        ...[
          1.5,
          Number.NaN,
          Infinity,
          '1',
          null,
          true,
          2 ** 31,
          1e15,
          new Date(Number.NaN),
        ].flatMap((expire) => [
          () => client.set(key(), 2, { expire: wrong(expire) }),
          () => client.touch(key(), wrong(expire)),
          () => client.gat(key(), wrong(expire)),
        ]),
        ...[-1, 1.5, 2 ** 32, '1', null, '0 0 1\r\nx'].map(
          (flags) => () => client.set(key(), 2, { flags: wrong(flags) }),
        ),
        ...[-1, 1.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n, '1', null, true].flatMap((delta) => [
          () => client.incr(key(), wrong(delta)),
          () => client.decr(key(), wrong(delta)),
        ]),
        ...['', 'x', '1 ', '-1', '⁰', 5, null, undefined, String(2n ** 64n)].map(
          (cas) => () => client.cas(key(), 2, wrong(cas)),
        ),
        ...[-1, 1.5, '1'].map((delay) => () => client.flushAll({ delay: wrong(delay) })),
      ]
      for (const call of calls) await assert.rejects(call, ILLEGAL, String(call))
      assert.equal(await client.get(key()), 1)
    },
  },
  {
    name: 'an illegal timeout is refused',
    async check(client, key) {
      for (const timeout of [0, -1, Number.NaN, Infinity, '5'] as number[]) {
        await assert.rejects(client.get(key(), { timeout }), ILLEGAL)
        await assert.rejects(client.set(key(), 1, { timeout }), ILLEGAL)
      }
      assert.equal(await client.get(key(), { timeout: 5000 }), undefined)
    },
  },
]
