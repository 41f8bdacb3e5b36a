import assert from 'node:assert/strict'
import type { Leased, MemcacheClient } from '@mc/protocol'
import { answersOf } from './at-once.ts'
import { hasMetaCommands } from './meta-commands.ts'
import type { Rule } from './rule.ts'

const LEASE = { seconds: 30 }

/** What a lease says beside tokens and times. */
function stateOf({ kind, value, won, alreadyWon, stale }: Leased<unknown>): object {
  return { kind, value, won, alreadyWon, stale }
}

const PLACEHOLDER = { kind: 'placeholder', value: undefined, stale: false }
const WON = { ...PLACEHOLDER, won: true, alreadyWon: false }
const LOST = { ...PLACEHOLDER, won: false, alreadyWon: true }

function valueState(value: unknown): object {
  return { kind: 'value', value, won: false, alreadyWon: false, stale: false }
}

/** Asserts that every kind of read misses the key. */
async function missed(client: MemcacheClient, key: string): Promise<void> {
  assert.equal(await client.get(key), undefined)
  assert.equal(await client.get(key, { default: 'none' }), 'none')
  assert.equal(await client.gets(key), undefined)
  assert.equal(await client.gat(key, 100), undefined)
  assert.equal(await client.gats(key, 100), undefined)
  assert.deepEqual(await client.getMany([key]), new Map())
  assert.deepEqual(await client.getsMany([key]), new Map())
  assert.equal(await client.has(key), false)
  assert.deepEqual(await client.hasMany([key]), new Set())
}

export const leaseContract: readonly Rule[] = [
  {
    name: 'of the callers that miss an item one wins it, and all others know',
    async check(client, key) {
      const leases = await answersOf(
        Array.from({ length: 10 }, () => () => client.lease(key(), LEASE)),
      )
      assert.equal(leases.filter(({ won }) => won).length, 1)
      for (const leased of leases) assert.deepEqual(stateOf(leased), leased.won ? WON : LOST)
      assert.equal(new Set(leases.map(({ cas }) => cas)).size, 1)
      const winner = leases.find(({ won }) => won) as Leased<unknown>
      assert.equal(winner.key, key())
      assert.equal(await client.fill(winner, { user: 1 }, { expire: 1000 }), true)
      assert.deepEqual(await client.get(key()), { user: 1 })
      const hit = await client.lease(key(), LEASE)
      assert.deepEqual(stateOf(hit), valueState({ user: 1 }))
      assert.ok(hit.ttl === undefined || (hit.ttl > 900 && hit.ttl <= 1000))
    },
  },
  {
    name: 'a lease fills nothing over what came after it',
    async check(client, key) {
      for (const [name, change, filled] of [
        ['set', (it: string) => client.set(it, 'newer'), false],
        ['deleted', (it: string) => client.delete(it), undefined],
        ['invalidated', (it: string) => client.invalidate(it), undefined],
        ['soft', (it: string) => client.invalidate(it, { staleFor: 30 }), undefined],
      ] as const) {
        const leased = await client.lease(key(name), LEASE)
        assert.equal(leased.won, true)
        await change(key(name))
        assert.equal(await client.fill(leased, 'older'), filled)
        assert.equal(await client.release(leased), filled)
        assert.equal(await client.get(key(name)), name === 'set' ? 'newer' : undefined)
      }
      const old = await client.lease(key('taken'), LEASE)
      await client.invalidate(key('taken'))
      const next = await client.lease(key('taken'), LEASE)
      assert.equal(next.won, true)
      assert.equal(await client.fill(old, 'older'), false)
      assert.equal(await client.fill(next, 'newer'), true)
      assert.equal(await client.fill(next, 'again'), false)
      assert.equal(await client.get(key('taken')), 'newer')
    },
  },
  {
    name: 'what is no lease, and times that cannot be, are illegal input',
    async check(client, key) {
      const illegal = { code: 'MEMCACHE_ILLEGAL_INPUT' }
      const leased = await client.lease(key(), LEASE)
      for (const call of [
        () => client.lease(key(), { seconds: 0 }),
        () => client.lease(key(), { seconds: 1.5 }),
        () => client.lease(key(), { seconds: 2_592_001 }),
        () => client.lease(key(), { seconds: 1, refreshWithin: -1 }),
        () => client.lease(key(), undefined as never),
        () => client.lease('a key', LEASE),
        () => client.fill(undefined as never, 'value'),
        () => client.fill({} as never, 'value'),
        () => client.fill(leased, 'value', { expire: 0.5 }),
        () => client.fill({ ...leased, cas: '1\r\nflush_all' }, 'value'),
        () => client.release(null as never),
        () => client.release({ ...leased, key: 'a key' }),
        () => client.invalidate(key(), { staleFor: -1 }),
        () => client.invalidate('a key', { staleFor: 1 }),
      ]) {
        await assert.rejects(call, illegal)
      }
      assert.equal(await client.fill(leased, 'value'), true)
    },
  },
  {
    name: 'a released lease is won by the next caller',
    async check(client, key) {
      const leased = await client.lease(key(), LEASE)
      assert.equal((await client.lease(key(), LEASE)).won, false)
      assert.equal(await client.release(leased), true)
      assert.equal(await client.release(leased), undefined)
      const next = await client.lease(key(), LEASE)
      assert.equal(next.won, true)
      assert.equal(await client.release(leased), false)
      assert.equal(await client.fill(next, 'value'), true)
    },
  },
  {
    name: 'no read answers a placeholder, or that it is remembered that there is nothing',
    async check(client, key) {
      const leased = await client.lease(key(), LEASE)
      assert.deepEqual(stateOf(leased), WON)
      await missed(client, key())
      assert.equal(await client.fill(leased, undefined, { expire: 1000 }), true)
      await missed(client, key())
      const found = await client.lease(key(), LEASE)
      assert.deepEqual(stateOf(found), { ...valueState(undefined), kind: 'nothing' })
      assert.equal(await client.invalidate(key()), true)
      assert.equal((await client.lease(key(), LEASE)).won, true)
    },
  },
  {
    name: 'an empty value is a value, however it was stored',
    async check(client, key) {
      const empty = Buffer.alloc(0)
      await client.set(key('set'), empty)
      const leased = await client.lease(key('filled'), LEASE)
      assert.equal(await client.fill(leased, empty), true)
      for (const it of [key('set'), key('filled')]) {
        assert.deepEqual(await client.get(it), empty)
        assert.deepEqual((await client.gets(it))?.value, empty)
        assert.deepEqual(await client.getMany([it]), new Map([[it, empty]]))
        assert.equal((await client.getsMany([it])).size, 1)
        assert.equal(await client.has(it), true)
        assert.deepEqual(stateOf(await client.lease(it, LEASE)), valueState(empty))
      }
      const text = await client.lease(key('text'), LEASE)
      assert.equal(await client.fill(text, ''), true)
      assert.equal(await client.get(key('text')), '')
    },
  },
  {
    name: 'an item invalidated with staleFor is won by one lease, and by no plain read',
    async check(client, key) {
      assert.equal(await client.invalidate(key(), { staleFor: 30 }), false)
      await client.set(key(), 'old', { expire: 1000 })
      const before = await client.lease(key(), LEASE)
      assert.equal(await client.invalidate(key(), { staleFor: 30 }), true)
      if (!(await hasMetaCommands(client, key()))) {
        assert.equal(await client.get(key()), undefined)
        return
      }
      assert.equal(await client.get(key()), 'old')
      assert.equal((await client.gets(key()))?.value, 'old')
      assert.equal(await client.has(key()), true)
      assert.equal((await client.inspect(key()))?.won, false)
      const winner = await wonAfterReads(client, key())
      assert.deepEqual(stateOf(winner), { ...valueState('old'), won: true, stale: true })
      assert.ok(winner.ttl !== undefined && winner.ttl <= 30)
      const loser = await client.lease(key(), LEASE)
      assert.deepEqual(stateOf(loser), { ...valueState('old'), alreadyWon: true, stale: true })
      assert.equal(await client.fill(before, 'older'), false)
      assert.equal(await client.fill(winner, 'new', { expire: 1000 }), true)
      assert.deepEqual(stateOf(await client.lease(key(), LEASE)), valueState('new'))
    },
  },
  {
    name: 'an item that is to expire soon is won by one lease that asks for it',
    async check(client, key) {
      await client.set(key(), 'value', { expire: 100 })
      if (!(await hasMetaCommands(client, key()))) return
      const soon = { ...LEASE, refreshWithin: 200 }
      assert.equal((await client.lease(key(), LEASE)).won, false)
      const winner = await client.lease(key(), soon)
      assert.deepEqual(stateOf(winner), { ...valueState('value'), won: true })
      const loser = await client.lease(key(), soon)
      assert.deepEqual(stateOf(loser), { ...valueState('value'), alreadyWon: true })
      assert.equal(await client.fill(winner, 'next', { expire: 1000 }), true)
      assert.deepEqual(stateOf(await client.lease(key(), soon)), valueState('next'))
    },
  },
]

/** The win of a stale item comes back a moment after the plain read that took it. */
async function wonAfterReads(client: MemcacheClient, key: string): Promise<Leased<unknown>> {
  const end = Date.now() + 10_000
  for (;;) {
    const leased = await client.lease(key, LEASE)
    if (leased.won || Date.now() > end) return leased
    await new Promise((resolve) => setImmediate(resolve))
  }
}
