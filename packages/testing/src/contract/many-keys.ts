import assert from 'node:assert/strict'
import type { Rule } from './rule.ts'

export const manyKeysContract: readonly Rule[] = [
  {
    name: 'getMany answers a map of the hits under the keys as given',
    async check(client, key) {
      await client.set(key('a'), 1)
      await client.set(key('b'), 'two')
      const bytes = Buffer.from(key('b'))
      const hits = await client.getMany([key('a'), key('none'), bytes])
      assert.deepEqual(
        [...hits],
        [
          [key('a'), 1],
          [bytes, 'two'],
        ],
      )
      assert.equal((await client.getMany([key('x'), key('y')])).size, 0)
    },
  },
  {
    name: 'getsMany answers values with their CAS tokens',
    async check(client, key) {
      await client.set(key('a'), 'v')
      const hits = await client.getsMany([key('a'), key('none')])
      assert.equal(hits.size, 1)
      const item = hits.get(key('a'))
      assert.equal(item?.value, 'v')
      assert.equal(await client.cas(key('a'), 'w', item?.cas ?? ''), true)
    },
  },
  {
    name: 'many-key calls take no keys, any iterable, and duplicates',
    async check(client, key) {
      assert.equal((await client.getMany([])).size, 0)
      assert.equal((await client.getsMany(new Set<string>())).size, 0)
      assert.deepEqual(await client.setMany([]), [])
      assert.equal(await client.deleteMany([]), true)
      function* pairs(): Generator<[string, number]> {
        yield [key('a'), 1]
        yield [key('b'), 2]
      }
      assert.deepEqual(await client.setMany(pairs()), [])
      assert.deepEqual(await client.setMany(new Map([[key('c'), 3]])), [])
      assert.deepEqual(await client.setMany({ [key('d')]: 4 }), [])
      const names = ['a', 'b', 'c', 'd', 'a'].map((name) => key(name))
      const hits = await client.getMany(names.values())
      assert.deepEqual([...hits.values()].sort(), [1, 2, 3, 4])
      assert.equal(await client.deleteMany(new Set(names)), true)
      assert.equal((await client.getMany(names)).size, 0)
    },
  },
  {
    name: 'keys like __proto__ are keys like any other',
    async check(client) {
      const names = ['__proto__', 'constructor', 'toString']
      assert.deepEqual(await client.setMany(names.map((name) => [name, name] as const)), [])
      const hits = await client.getMany(names)
      assert.deepEqual([...hits.keys()].sort(), [...names].sort())
      assert.equal(hits.get('__proto__'), '__proto__')
      await client.deleteMany(names)
    },
  },
  {
    name: '2,500 keys in one call',
    async check(client, key) {
      const pairs = Array.from({ length: 2500 }, (_, i) => [key(`many${i}`), i] as const)
      // One deadline holds for all of them, on a slow machine too.
      const options = { timeout: 30_000 }
      assert.deepEqual(await client.setMany(pairs, options), [])
      const names = pairs.map(([name]) => name)
      const hits = await client.getMany(names, options)
      assert.equal(hits.size, 2500)
      for (const [name, value] of pairs) assert.equal(hits.get(name), value)
      await client.deleteMany(names, options)
      assert.equal((await client.getMany(names, options)).size, 0)
    },
  },
  {
    name: 'setMany with noreply answers no failed keys, and the values are there',
    async check(client, key) {
      const entries = { [key('a')]: 1, [key('b')]: 2 }
      assert.deepEqual(await client.setMany(entries, { noreply: true }), [])
      assert.equal((await client.getMany(Object.keys(entries))).size, 2)
    },
  },
  {
    name: 'one illegal key or value fails a many-key call before anything is sent',
    async check(client, key) {
      const illegal = { code: 'MEMCACHE_ILLEGAL_INPUT' }
      await assert.rejects(
        client.setMany([
          [key('a'), 1],
          ['b c', 2],
        ]),
        illegal,
      )
      await assert.rejects(
        client.setMany([
          [key('a'), 1],
          [key('b'), undefined],
        ]),
        illegal,
      )
      assert.equal(await client.get(key('a')), undefined)
      await client.set(key('a'), 1)
      await assert.rejects(client.getMany([key('a'), '']), illegal)
      await assert.rejects(client.deleteMany([key('a'), 'x\r\n']), illegal)
      assert.equal(await client.get(key('a')), 1)
    },
  },
]
