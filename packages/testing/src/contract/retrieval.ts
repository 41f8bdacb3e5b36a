import assert from 'node:assert/strict'
import { answersOf } from './at-once.ts'
import type { Rule } from './rule.ts'

export const retrievalContract: readonly Rule[] = [
  {
    name: 'get answers undefined on a miss, or the default given',
    async check(client, key) {
      assert.equal(await client.get(key()), undefined)
      assert.equal(await client.get(key(), { default: null }), null)
      assert.equal(await client.get(key(), { default: 'none' }), 'none')
    },
  },
  {
    name: 'get gives back what set stored, with its type',
    async check(client, key) {
      const bytes = Buffer.from([0, 1, 2, 13, 10, 69, 78, 68, 13, 10, 255])
      const values = ['text', '', 'ünï©ode 😀\r\nEND\r\n', 42, -1, 0, 1.5, 2n ** 63n, true, null]
      for (const value of [...values, [1, 'two'], { a: { b: [] } }]) {
        assert.equal(await client.set(key(), value), true)
        assert.deepEqual(await client.get(key()), value)
      }
      for (const value of [bytes, new Uint8Array(bytes), Buffer.alloc(0)]) {
        await client.set(key(), value)
        assert.deepEqual(await client.get(key()), Buffer.from(value))
      }
    },
  },
  {
    name: 'values of every size around the sizes of buffers come back whole',
    async check(client, key) {
      for (const size of [1, 1000, 1024, 2047, 2048, 16383, 16384, 65534, 65536, 70000, 500_000]) {
        const value = Buffer.alloc(size)
        for (let i = 0; i < size; i++) value[i] = (i * 7 + size) & 0xff
        await client.set(key(), value)
        const got = await client.get<Buffer>(key())
        assert.ok(got !== undefined && value.equals(got), `a value of ${size} bytes`)
      }
    },
  },
  {
    name: 'a value read is a copy of its own',
    async check(client, key) {
      await client.set(key('a'), Buffer.from('first'))
      await client.set(key('b'), Buffer.from('second'))
      const first = await client.get<Buffer>(key('a'))
      for (let i = 0; i < 100; i++) await client.get(key('b'))
      assert.equal(first?.toString(), 'first')
    },
  },
  {
    name: 'gets answers the value with a CAS token that changes with the value',
    async check(client, key) {
      assert.equal(await client.gets(key()), undefined)
      assert.equal(await client.gets(key(), { default: 5 }), 5)
      await client.set(key(), 'one')
      const before = await client.gets(key())
      await client.set(key(), 'two')
      const after = await client.gets(key())
      assert.equal(before?.value, 'one')
      assert.equal(after?.value, 'two')
      assert.match(String(after?.cas), /^\d+$/)
      assert.notEqual(before?.cas, after?.cas)
    },
  },
  {
    name: 'gat and gats read and set a new expiry',
    async check(client, key) {
      assert.equal(await client.gat(key(), 60), undefined)
      assert.equal(await client.gat(key(), 60, { default: 1 }), 1)
      assert.equal(await client.gats(key(), 60), undefined)
      await client.set(key(), 'v', { expire: 100 })
      assert.equal(await client.gat(key(), 60), 'v')
      assert.equal((await client.gats(key(), 60))?.value, 'v')
      assert.equal(await client.gat(key(), -1), 'v')
      assert.equal(await client.get(key()), undefined)
    },
  },
  {
    name: 'many reads at once each get their own value',
    async check(client, key) {
      const names = Array.from({ length: 500 }, (_, i) => key(`n${i}`))
      await answersOf(names.map((name) => () => client.set(name, `value of ${name}`)))
      const values = await answersOf(names.map((name) => () => client.get(name)))
      assert.deepEqual(
        values,
        names.map((name) => `value of ${name}`),
      )
    },
  },
]
