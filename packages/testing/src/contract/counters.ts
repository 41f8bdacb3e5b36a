import assert from 'node:assert/strict'
import type { MemcacheCounterRangeError } from '@mc/protocol'
import { answerOf, answersOf, outcomesOf } from './at-once.ts'
import type { Rule } from './rule.ts'

export const counterContract: readonly Rule[] = [
  {
    name: 'incr and decr count, and answer undefined when there is nothing',
    async check(client, key) {
      assert.equal(await client.incr(key()), undefined)
      assert.equal(await client.decr(key(), 2), undefined)
      await client.set(key(), 10)
      assert.equal(await client.incr(key()), 11)
      assert.equal(await client.incr(key(), 5), 16)
      assert.equal(await client.decr(key(), 6), 10)
      assert.equal(await client.incr(key(), 0), 10)
      assert.equal(await client.get(key()), 10)
    },
  },
  {
    name: 'decr stops at 0, and a counter that got shorter still reads as a number',
    async check(client, key) {
      await client.set(key(), 100)
      assert.equal(await client.decr(key(), 1), 99)
      assert.equal(await client.get(key()), 99)
      assert.equal(await client.decr(key(), 500), 0)
      assert.equal(await client.get(key()), 0)
    },
  },
  {
    name: 'a bigint delta answers a bigint, in 64 bits that wrap',
    async check(client, key) {
      await client.set(key(), 2n ** 53n)
      assert.equal(await client.incr(key(), 1n), 2n ** 53n + 1n)
      await client.set(key(), 1)
      assert.equal(await client.incr(key(), 1n), 2n)
      assert.equal(await client.incr(key(), 2n ** 64n - 1n), 1n)
      assert.equal(await client.decr(key(), 2n ** 64n - 1n), 0n)
    },
  },
  {
    name: 'a number that would not be exact is an error that carries the exact value',
    async check(client, key) {
      await client.set(key(), 2n ** 53n - 1n)
      await assert.rejects(client.incr(key()), (error: MemcacheCounterRangeError) => {
        assert.equal(error.code, 'MEMCACHE_COUNTER_RANGE')
        assert.equal(error.value, 2n ** 53n)
        return true
      })
      assert.equal(await client.decr(key()), 2 ** 53 - 1)
    },
  },
  {
    name: 'counting what is no number is an error, and the next command works',
    async check(client, key) {
      await client.set(key(), 'abc')
      const [counted, next] = await outcomesOf([() => client.incr(key()), () => client.get(key())])
      await assert.rejects(async () => answerOf(counted), { code: 'MEMCACHE_CLIENT_ERROR' })
      assert.equal(answerOf(next), 'abc')
    },
  },
  {
    name: 'a thousand increments at once lose none',
    async check(client, key) {
      await client.set(key(), 0)
      await answersOf(Array.from({ length: 1000 }, () => () => client.incr(key())))
      assert.equal(await client.get(key()), 1000)
    },
  },
]
