import assert from 'node:assert/strict'
import { answerOf, answersOf, outcomesOf } from './at-once.ts'
import type { Rule } from './rule.ts'

export const lifeContract: readonly Rule[] = [
  {
    name: 'an aborted call rejects with the reason of its signal',
    async check(client, key) {
      await client.set(key(), 'v')
      const reason = new Error('changed my mind')
      const early = AbortSignal.abort(reason)
      // Told apart by identity, since a test runner may have an `Error` of its own.
      const isReason = (error: unknown): boolean => error === reason
      await assert.rejects(client.get(key(), { signal: early }), isReason)
      const controller = new AbortController()
      const { signal } = controller
      const outcomes = outcomesOf([
        () => client.get(key(), { signal }),
        () => client.getMany([key()], { signal }),
        () => client.set(key(), 'w', { signal }),
      ])
      controller.abort(reason)
      for (const outcome of await outcomes) {
        await assert.rejects(async () => answerOf(outcome), isReason)
      }
      // Its reply was due and is not taken for another's.
      assert.equal(await client.get(key('none')), undefined)
      const later = new AbortController()
      assert.match(String(await client.get(key(), { signal: later.signal })), /^[vw]$/)
      later.abort(reason)
    },
  },
  {
    name: 'after flushAll nothing is left',
    async check(client, key) {
      await client.set(key(), 'v')
      assert.equal(await client.flushAll(), true)
      assert.equal(await client.get(key()), undefined)
    },
  },
  {
    name: 'after quit the next command connects again',
    async check(client, key) {
      await client.set(key(), 'v')
      await client.quit()
      assert.equal(await client.get(key()), 'v')
      await client.quit()
      await client.quit()
      assert.equal(await client.get(key()), 'v')
    },
  },
  {
    name: 'close lets what is under way finish, and refuses what comes after',
    async check(client, key) {
      await client.set(key(), 'v')
      // Of a pool, two calls at once have no order.
      const [stored, value] = await answersOf([
        () => client.set(key('other'), 'w'),
        () => client.get(key()),
        () => client.close(),
      ])
      assert.deepEqual([stored, value], [true, 'v'])
      await client.close()
      await assert.rejects(client.get(key()), { code: 'MEMCACHE_CLOSED' })
      await assert.rejects(client.set(key(), 1), { code: 'MEMCACHE_CLOSED' })
      await assert.rejects(client.getMany([key()]), { code: 'MEMCACHE_CLOSED' })
    },
  },
]
