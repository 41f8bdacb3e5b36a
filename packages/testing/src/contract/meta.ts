import assert from 'node:assert/strict'
import type { MemcacheClient, MetaGetOptions } from '@mc/protocol'
import { answersOf } from './at-once.ts'
import { hasMetaCommands, UNSUPPORTED } from './meta-commands.ts'
import type { Rule } from './rule.ts'

/** A rule about a meta method, which rejects where the server has no meta commands. */
function metaRule(
  name: string,
  call: (client: MemcacheClient, key: string) => Promise<unknown>,
  check: (client: MemcacheClient, key: (name?: string) => string) => Promise<void>,
): Rule {
  return {
    name,
    async check(client, key) {
      if (await hasMetaCommands(client, key('probe'))) await check(client, key)
      else await assert.rejects(call(client, key()), UNSUPPORTED)
    },
  }
}

const EVERYTHING = {
  value: true,
  cas: true,
  ttl: true,
  size: true,
  flags: true,
  idle: true,
  isFetched: true,
} as const satisfies MetaGetOptions

export const metaContract: readonly Rule[] = [
  metaRule(
    'metaGet tells of an item what it is asked for, and nothing else',
    (client, key) => client.metaGet(key, { value: true }),
    async (client, key) => {
      assert.equal(await client.metaGet(key(), EVERYTHING), undefined)
      await client.set(key(), 'value', { expire: 1000 })
      const { cas, ttl, flags, idle, ...rest } = (await client.metaGet(key(), EVERYTHING)) ?? {}
      assert.deepEqual(rest, {
        ...{ won: false, alreadyWon: false, stale: false },
        ...{ value: 'value', size: 5, isFetched: false },
      })
      assert.match(String(cas), /^\d+$/)
      assert.ok(ttl === 1000 || ttl === 999 || ttl === 998)
      assert.deepEqual([typeof flags, typeof idle], ['number', 'number'])
      assert.deepEqual(await client.metaGet(key(), { size: true }), {
        ...{ won: false, alreadyWon: false, stale: false, size: 5 },
      })
      await client.set(key('forever'), 'value')
      const forever = await client.metaGet(key('forever'), { ttl: true })
      assert.equal(forever?.ttl, Number.POSITIVE_INFINITY)
      await client.metaGet(key('forever'), { touch: 500 })
      const touched = await client.metaGet(key('forever'), { ttl: true })
      assert.ok(touched !== undefined && touched.ttl <= 500)
    },
  ),
  metaRule(
    'one caller wins a placeholder, and a stale item; a placeholder has no value',
    (client, key) => client.metaGet(key, { vivify: 30 }),
    async (client, key) => {
      const ask = { value: true, cas: true, vivify: 30 } as const
      const won = await client.metaGet(key(), ask)
      assert.deepEqual([won?.won, won?.alreadyWon, won?.value], [true, false, undefined])
      const lost = await client.metaGet(key(), ask)
      assert.deepEqual([lost?.won, lost?.alreadyWon, lost?.value], [false, true, undefined])
      assert.equal(await client.get(key()), undefined)
      assert.equal(await client.has(key()), false)
      assert.deepEqual(await client.metaSet(key(), 'filled', { ifCas: won?.cas }), {})
      assert.equal(await client.get(key()), 'filled')
      assert.equal(await client.metaSet(key(), 'late', { ifCas: won?.cas }), false)

      assert.equal(await client.metaDelete(key(), { invalidate: true, expire: 30 }), true)
      const stale = await client.metaGet(key(), { value: true, recache: 10 })
      assert.deepEqual([stale?.value, stale?.stale, stale?.won], ['filled', true, true])
      const next = await client.metaGet(key(), { value: true })
      assert.deepEqual([next?.stale, next?.won, next?.alreadyWon], [true, false, true])
    },
  ),
  metaRule(
    'metaSet stores by its mode and condition',
    (client, key) => client.metaSet(key, 'value'),
    async (client, key) => {
      assert.equal(await client.metaSet(key(), 'a', { mode: 'replace' }), false)
      assert.deepEqual(await client.metaSet(key(), 'a', { mode: 'add' }), {})
      assert.equal(await client.metaSet(key(), 'b', { mode: 'add' }), false)
      const stored = await client.metaSet(key(), 'b', { cas: true, expire: 1000 })
      assert.ok(stored !== false && stored !== undefined)
      assert.equal(await client.metaSet(key('none'), 'c', { ifCas: stored.cas }), undefined)
      const kept = await client.metaSet(key(), 'c', { ifCas: stored.cas, keepTtl: true })
      assert.deepEqual(kept, {})
      const item = await client.metaGet(key(), { value: true, ttl: true })
      assert.ok(item?.value === 'c' && item.ttl <= 1000 && item.ttl > 900)
      assert.deepEqual(await client.metaSet(key(), 'd', { mode: 'append' }), {})
      assert.equal(await client.get(key()), 'cd')
      await assert.rejects(client.metaSet(key(), 'e', { keepTtl: true }), {
        code: 'MEMCACHE_ILLEGAL_INPUT',
      })
    },
  ),
  metaRule(
    'metaDelete deletes by its condition',
    (client, key) => client.metaDelete(key),
    async (client, key) => {
      assert.equal(await client.metaDelete(key()), undefined)
      await client.set(key(), 'a')
      const { cas } = (await client.gets(key())) ?? { cas: '0' }
      await client.set(key(), 'b')
      assert.equal(await client.metaDelete(key(), { ifCas: cas }), false)
      assert.equal(await client.get(key()), 'b')
      assert.equal(await client.metaDelete(key()), true)
      assert.equal(await client.get(key()), undefined)
    },
  ),
  metaRule(
    'metaArithmetic counts, and makes the counter that is missing',
    (client, key) => client.metaArithmetic(key),
    async (client, key) => {
      assert.equal(await client.metaArithmetic(key()), undefined)
      const made = await client.metaArithmetic(key(), { initial: 5, expire: 1000, ttl: true })
      assert.ok(made !== undefined && made !== false)
      assert.ok(made.value === 5 && made.ttl <= 1000 && made.ttl > 990)
      const counted = await client.metaArithmetic(key(), { initial: 5, delta: 2, cas: true })
      assert.ok(counted !== undefined && counted !== false)
      assert.equal(counted.value, 7)
      assert.match(counted.cas, /^\d+$/)
      const less = await client.metaArithmetic(key(), { mode: 'decr', delta: 10n })
      assert.deepEqual(less, { value: 0n })
      assert.equal(await client.metaArithmetic(key(), { ifCas: counted.cas }), false)
    },
  ),
  metaRule(
    'inspect tells all but the value, and counts as no read',
    (client, key) => client.inspect(key),
    async (client, key) => {
      assert.equal(await client.inspect(key()), undefined)
      await client.set(key(), 'value')
      for (let i = 0; i < 2; i++) {
        const item = await client.inspect(key())
        assert.deepEqual([item?.size, item?.isFetched], [5, false])
        assert.equal(item?.ttl, Number.POSITIVE_INFINITY)
      }
      await client.get(key())
      assert.equal((await client.inspect(key()))?.isFetched, true)
    },
  ),
  metaRule(
    'cas keeps the expiry when it is to',
    async (client, key) => {
      await client.set(key, 'a')
      const { cas } = (await client.gets(key)) ?? { cas: '0' }
      return client.cas(key, 'b', cas, { keepTtl: true })
    },
    async (client, key) => {
      await client.set(key(), 'a', { expire: 1000 })
      const { cas } = (await client.gets(key())) ?? { cas: '0' }
      assert.equal(await client.cas(key(), 'b', cas, { keepTtl: true }), true)
      const ttl = (await client.inspect(key()))?.ttl ?? 0
      assert.ok(ttl <= 1000 && ttl > 900)
      assert.equal(await client.cas(key(), 'c', cas, { keepTtl: true }), false)
      assert.equal(await client.cas(key('none'), 'c', cas, { keepTtl: true }), undefined)
    },
  ),
  {
    name: 'has and hasMany tell which items there are',
    async check(client, key) {
      await client.set(key('a'), 'value')
      await client.set(key('b'), '')
      assert.deepEqual(
        await answersOf(['a', 'b', 'c'].map((name) => () => client.has(key(name)))),
        [true, true, false],
      )
      const wanted = ['c', 'b', 'a', 'd'].map(key)
      assert.deepEqual(await client.hasMany(wanted), new Set([key('b'), key('a')]))
      assert.deepEqual(await client.hasMany([]), new Set())
    },
  },
  {
    name: 'incr and decr make a counter that is missing, and count one that is there',
    async check(client, key) {
      assert.equal(await client.incr(key(), 5, { initial: 3, expire: 1000 }), 3)
      assert.equal(await client.incr(key(), 5, { initial: 3 }), 8)
      assert.equal(await client.decr(key('down'), 1n, { initial: 10 }), 10n)
      assert.equal(await client.decr(key('down'), 1n, { initial: 10 }), 9n)
      const answers = await answersOf(
        Array.from({ length: 100 }, () => () => client.incr(key('many'), 1, { initial: 1 })),
      )
      const sorted = answers.map(Number).sort((a, b) => a - b)
      assert.deepEqual(
        sorted,
        Array.from({ length: 100 }, (_, i) => i + 1),
      )
      const illegal = { code: 'MEMCACHE_ILLEGAL_INPUT' }
      await assert.rejects(client.incr(key(), 1, { expire: 10 }), illegal)
      await assert.rejects(client.incr(key(), 1, { initial: 1, noreply: true }), illegal)
      await assert.rejects(client.incr(key(), 1, { initial: -1 }), illegal)
    },
  },
  {
    name: 'deleteMany answers the keys that were there when it is asked to',
    async check(client, key) {
      await client.set(key('a'), 1)
      await client.set(key('b'), 2)
      const keys = ['a', 'x', 'b'].map(key)
      const found = await client.deleteMany(keys, { found: true })
      assert.deepEqual(new Set(found), new Set([key('a'), key('b')]))
      assert.deepEqual(await client.deleteMany(keys, { found: true }), [])
    },
  },
  {
    name: 'a key of maxKeyLength bytes is the longest',
    async check(client, key) {
      const longest = key().padEnd(client.maxKeyLength, 'k')
      assert.equal(await client.set(longest, 'value'), true)
      assert.equal(await client.get(longest), 'value')
      await assert.rejects(client.set(`${longest}k`, 'value'), { code: 'MEMCACHE_ILLEGAL_INPUT' })
    },
  },
]
