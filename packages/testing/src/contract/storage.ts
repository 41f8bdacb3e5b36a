import assert from 'node:assert/strict'
import { answerOf, answersOf, outcomesOf } from './at-once.ts'
import type { Rule } from './rule.ts'

const YEAR = 365 * 24 * 60 * 60

export const storageContract: readonly Rule[] = [
  {
    name: 'add stores only what is not there, replace only what is',
    async check(client, key) {
      assert.equal(await client.replace(key(), 1), false)
      assert.equal(await client.add(key(), 2), true)
      assert.equal(await client.add(key(), 3), false)
      assert.equal(await client.get(key()), 2)
      assert.equal(await client.replace(key(), 4), true)
      assert.equal(await client.get(key()), 4)
    },
  },
  {
    name: 'append and prepend extend what is there',
    async check(client, key) {
      assert.equal(await client.append(key(), 'x'), false)
      assert.equal(await client.prepend(key(), 'x'), false)
      await client.set(key(), 'mid')
      assert.equal(await client.append(key(), '-end'), true)
      assert.equal(await client.prepend(key(), 'start-'), true)
      assert.equal(await client.get(key()), 'start-mid-end')
    },
  },
  {
    name: 'cas answers true, false when changed since, undefined when gone',
    async check(client, key) {
      assert.equal(await client.cas(key(), 'v', '1'), undefined)
      await client.set(key(), 'one')
      const item = await client.gets(key())
      assert.ok(item !== undefined)
      assert.equal(await client.cas(key(), 'two', item.cas), true)
      assert.equal(await client.cas(key(), 'three', item.cas), false)
      assert.equal(await client.get(key()), 'two')
    },
  },
  {
    name: 'only one of many with the same CAS token succeeds',
    async check(client, key) {
      await client.set(key(), 0)
      const item = await client.gets(key())
      assert.ok(item !== undefined)
      const tries = Array.from({ length: 20 }, (_, i) => () => client.cas(key(), i, item.cas))
      const stored = (await answersOf(tries)).filter((isStored) => isStored === true)
      assert.equal(stored.length, 1)
    },
  },
  {
    name: 'expire takes seconds, years and dates, and negative ones expire at once',
    async check(client, key) {
      for (const expire of [100, 40 * 24 * 3600, YEAR, new Date(Date.now() + 1e8)]) {
        await client.set(key(), 'v', { expire })
        assert.equal(await client.get(key()), 'v', `expire ${expire}`)
      }
      for (const expire of [-1, -5 * YEAR, new Date(0), new Date(Date.now() - 1000)]) {
        await client.set(key(), 'v', { expire })
        assert.equal(await client.get(key()), undefined, `expire ${expire}`)
      }
    },
  },
  {
    name: 'touch sets a new expiry of what is there',
    async check(client, key) {
      assert.equal(await client.touch(key(), 10), false)
      await client.set(key(), 'v', { expire: 100 })
      assert.equal(await client.touch(key()), true)
      assert.equal(await client.touch(key(), 60), true)
      assert.equal(await client.get(key()), 'v')
      assert.equal(await client.touch(key(), -1), true)
      assert.equal(await client.get(key()), undefined)
    },
  },
  {
    name: 'delete answers whether it was there',
    async check(client, key) {
      assert.equal(await client.delete(key()), false)
      await client.set(key(), 'v')
      assert.equal(await client.delete(key()), true)
      assert.equal(await client.get(key()), undefined)
    },
  },
  {
    name: 'flags given replace those of the serde',
    async check(client, key) {
      await client.set(key(), 'plain text', { flags: 0 })
      assert.deepEqual(await client.get(key()), Buffer.from('plain text'))
    },
  },
  {
    name: 'with noreply writes answer at once and still take effect in order',
    async check(client, key) {
      const noreply = { noreply: true }
      assert.equal(await client.set(key(), 5, noreply), true)
      assert.equal(await client.add(key(), 9, noreply), true)
      assert.equal(await client.incr(key(), 2, noreply), undefined)
      assert.equal(await client.decr(key(), 1, noreply), undefined)
      assert.equal(await client.get(key()), 6)
      assert.equal(await client.touch(key('none'), 1, noreply), true)
      assert.equal(await client.replace(key(), 'r', noreply), true)
      assert.equal(await client.append(key(), 's', noreply), true)
      assert.equal(await client.prepend(key(), 'q', noreply), true)
      assert.equal(await client.get(key()), 'qrs')
      assert.equal(await client.delete(key(), noreply), true)
      assert.equal(await client.delete(key(), noreply), true)
      assert.equal(await client.get(key()), undefined)
    },
  },
  {
    name: 'a value too large for the server is an error, and the next command works',
    async check(client, key) {
      await client.set(key('other'), 'kept')
      const [large, next] = await outcomesOf([
        () => client.set(key(), Buffer.alloc(2_000_000)),
        () => client.get(key('other')),
      ])
      await assert.rejects(async () => answerOf(large), { code: 'MEMCACHE_SERVER_ERROR' })
      assert.equal(answerOf(next), 'kept')
      assert.equal(await client.get(key()), undefined)
    },
  },
  {
    name: 'an add that is too large leaves the old value',
    async check(client, key) {
      await client.set(key(), 'old')
      await assert.rejects(client.add(key(), Buffer.alloc(2_000_000)), {
        code: 'MEMCACHE_SERVER_ERROR',
      })
      assert.equal(await client.get(key()), 'old')
    },
  },
]
