import {
  MemcacheIllegalInputError,
  MemcachePartialError,
  MemcacheServerError,
  MemcacheTimeoutError,
} from '@mc/protocol'
import { describe, expect, test } from 'vitest'
import { FallbackClient, type FallbackClientOptions } from '../src/index.ts'
import { MemoryClient } from './memory-client.ts'

const EXPIRE = 600

/** A client over caches with these contents, newest first. */
function over(contents: readonly Record<string, unknown>[], options?: FallbackClientOptions) {
  const caches = contents.map((it, i) => new MemoryClient(it, 1 + 10 * i))
  const [first, ...older] = caches
  return { client: new FallbackClient(caches, options), caches, first: first!, old: older[0]! }
}

const warm: FallbackClientOptions = { warm: { expire: EXPIRE } }
const down = () => new MemcacheTimeoutError('no reply')

describe('reads of one key', () => {
  test('are answered by the first cache that has it, and older ones are not asked', async () => {
    const { client, old } = over([{ key: 'new' }, { key: 'old' }])
    expect(await client.get('key')).toBe('new')
    expect(old.log).toEqual([])
  })

  test('go down the list until a hit', async () => {
    const { client, caches } = over([{}, {}, { key: 'oldest' }, { key: 'not asked' }])
    expect(await client.get('key')).toBe('oldest')
    expect(caches.map((it) => it.log.length)).toEqual([1, 1, 1, 0])
  })

  test.each([[0], [''], [false], [null]])('take %o for a hit', async (value) => {
    const { client } = over([{ key: value }, { key: 'old' }])
    expect(await client.get('key')).toBe(value)
  })

  test('answer undefined, or the default, when no cache has it', async () => {
    const { client } = over([{}, {}])
    expect(await client.get('key')).toBe(undefined)
    expect(await client.get('key', { default: 'none' })).toBe('none')
    expect(await client.gat('key', 5, { default: 'none' })).toBe('none')
    expect(await client.gets('key', { default: 'none' })).toBe('none')
    expect(await client.gats('key', 5, { default: 'none' })).toBe('none')
  })

  test('do not take the default for a hit of the first cache', async () => {
    const { client } = over([{}, { key: 'old' }])
    expect(await client.get('key', { default: 'none' })).toBe('old')
  })

  test('pass the signal and what is left of the timeout on to every cache', async () => {
    const { client, caches } = over([{}, {}])
    const { signal } = new AbortController()
    await client.get('key', { timeout: 5000, signal })
    const lefts = caches.map((cache) => {
      expect(cache.optionsOf('get')?.signal).toBe(signal)
      return cache.optionsOf('get')?.timeout as number
    })
    expect(lefts.toSorted((a, b) => b - a)).toEqual(lefts)
    expect(lefts[0]).toBeLessThanOrEqual(5000)
    expect(lefts[1]).toBeGreaterThan(0)
  })

  test('gat sets the expiry where it finds the item', async () => {
    const { client, first, old } = over([{}, { key: 'old' }])
    expect(await client.gat('key', 30)).toBe('old')
    expect(old.items.get('key')?.expire).toBe(30)
    expect(first.items.size).toBe(0)
  })
})

describe('reads of many keys', () => {
  test('ask an older cache for the missing keys only, and merge', async () => {
    const { client, caches } = over([
      { a: 1, d: 0 },
      { b: 2, a: 'old' },
      { c: 3, b: 'older' },
    ])
    expect(await client.getMany(['a', 'b', 'c', 'd', 'e'])).toEqual(
      new Map([
        ['a', 1],
        ['d', 0],
        ['b', 2],
        ['c', 3],
      ]),
    )
    expect(caches.map((it) => it.log)).toEqual([
      ['getMany a b c d e'],
      ['getMany b c e'],
      ['getMany c e'],
    ])
  })

  test('ask no older cache when nothing is missing, and none at all for no keys', async () => {
    const { client, caches } = over([{ a: 1 }, {}])
    await client.getMany(['a'])
    expect(await client.getMany([])).toEqual(new Map())
    expect(await client.getsMany([])).toEqual(new Map())
    expect(caches.map((it) => it.log)).toEqual([['getMany a'], []])
  })

  test('answer an empty map when no cache has any', async () => {
    const { client } = over([{}, {}])
    expect(await client.getMany(['a', 'b'])).toEqual(new Map())
  })

  test('refuse one key in place of many', async () => {
    const { client, caches } = over([{ k: 1, e: 2, y: 3 }, {}])
    for (const keys of ['key', 5, undefined] as unknown as string[][]) {
      await expect(client.getMany(keys)).rejects.toBeInstanceOf(MemcacheIllegalInputError)
      await expect(client.getsMany(keys)).rejects.toBeInstanceOf(MemcacheIllegalInputError)
      await expect(client.deleteMany(keys)).rejects.toBeInstanceOf(MemcacheIllegalInputError)
    }
    expect(caches.map((it) => it.log)).toEqual([[], []])
  })

  test('take keys that can be read only once, and pairs that route', async () => {
    const { client } = over([{ a: 1 }, { b: 2 }], warm)
    function* keys(): Generator<string | readonly [string, string]> {
      yield 'a'
      yield ['server', 'b']
    }
    expect([...(await client.getMany(keys()))]).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })
})

describe('warming', () => {
  test('copies a hit of an older cache into the first, with its expiry', async () => {
    const { client, first } = over([{}, { key: 'old' }], warm)
    await client.get('key')
    await client.close()
    expect(first.items.get('key')).toMatchObject({ value: 'old', expire: EXPIRE })
  })

  test('copies nothing unless asked to', async () => {
    const { client, first } = over([{}, { key: 'old' }])
    await client.get('key')
    await client.getMany(['key'])
    await client.close()
    expect(first.items.size).toBe(0)
  })

  test('copies every hit of a read of many keys', async () => {
    const { client, first } = over([{ a: 1 }, { b: 2 }, { c: 3 }], warm)
    await client.getMany(['a', 'b', 'c', 'd'])
    await client.close()
    expect([...first.items.keys()]).toEqual(['a', 'b', 'c'])
  })

  test('never overwrites a newer write', async () => {
    const { client, first, old } = over([{}, { key: 'old' }], warm)
    old.before = async ({ method }) => {
      if (method === 'get') await first.set('key', 'newer')
    }
    expect(await client.get('key')).toBe('old')
    await client.close()
    expect(first.value('key')).toBe('newer')
    expect(client.levels[1]?.warmed).toBe(0)
  })

  test('that fails does not fail the read', async () => {
    const { client, first } = over([{}, { key: 'old' }], warm)
    first.fail(new MemcacheServerError('out of memory'), 'add')
    expect(await client.get('key')).toBe('old')
    expect(await client.getMany(['key'])).toEqual(new Map([['key', 'old']]))
    expect(await client.gets('key', { default: 'none' })).toBe('none')
    await client.close()
    expect(client.levels[0]?.errors).toBe(3)
  })

  test('does not keep the reader waiting', async () => {
    const { client, first } = over([{}, { key: 'old' }], warm)
    let store: () => void = () => {}
    const isHeld = new Promise<void>((resolve) => {
      store = resolve
    })
    first.before = ({ method }) => (method === 'add' ? isHeld : undefined)
    expect(await client.get('key')).toBe('old')
    expect(first.items.size).toBe(0)
    store()
    await client.close()
    expect(first.value('key')).toBe('old')
  })

  test('by gat gives the copy the expiry that the caller asked for', async () => {
    const { client, first } = over([{}, { a: 'old', b: 'old' }], warm)
    await client.gat('a', 30)
    await client.gats('b', 40)
    await client.close()
    expect([first.items.get('a')?.expire, first.items.get('b')?.expire]).toEqual([30, 40])
  })

  test('waits for the reply of the first cache even if that is set to noreply', async () => {
    const { client, first } = over([{}, { key: 'old' }], warm)
    await client.get('key')
    await client.close()
    expect(first.optionsOf('add')).toMatchObject({ noreply: false })
  })
})

describe('CAS', () => {
  test('tokens are those of the first cache', async () => {
    const { client } = over([{ key: 'new' }, { key: 'old' }])
    expect(await client.gets('key')).toEqual({ value: 'new', cas: '1' })
    expect(await client.getsMany(['key'])).toEqual(new Map([['key', { value: 'new', cas: '1' }]]))
    expect(await client.cas('key', 'changed', '1')).toBe(true)
    expect(await client.cas('key', 'changed again', '1')).toBe(false)
    expect(await client.cas('absent', 'value', '1')).toBe(undefined)
  })

  test('without warming, an item that only an older cache has is missed', async () => {
    const { client, old } = over([{}, { key: 'old' }])
    expect(await client.gets('key')).toBe(undefined)
    expect(await client.gats('key', 5)).toBe(undefined)
    expect(await client.getsMany(['key'])).toEqual(new Map())
    expect(old.log).toEqual([])
  })

  test('with warming, the item is copied first, and its token is good for a cas', async () => {
    const { client, first } = over([{}, { a: 'old', b: 'old', c: 'old' }], warm)
    const a = await client.gets('a')
    const b = await client.gats('b', 5)
    const c = (await client.getsMany(['c'])).get('c')
    expect([a?.value, b?.value, c?.value]).toEqual(['old', 'old', 'old'])
    expect(await client.cas('a', 'changed', a?.cas ?? '')).toBe(true)
    expect(await client.cas('b', 'changed', b?.cas ?? '')).toBe(true)
    expect(await client.cas('c', 'changed', c?.cas ?? '')).toBe(true)
    expect(first.value('a')).toBe('changed')
  })

  test('with warming, what was stored meanwhile is what is read', async () => {
    const { client, first, old } = over([{}, { key: 'old' }], warm)
    old.before = async () => {
      await first.set('key', 'newer')
    }
    expect(await client.gets('key')).toMatchObject({ value: 'newer' })
    first.clear()
    expect(await client.getsMany(['key'])).toMatchObject(new Map([['key', { value: 'newer' }]]))
  })

  test('getsMany merges what the first cache had with what was copied', async () => {
    const { client } = over([{ a: 1 }, { b: 2 }], warm)
    const results = await client.getsMany(['a', 'b', 'c'])
    expect([...results].map(([key, { value }]) => [key, value])).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })
})

describe('writes', () => {
  test('go to the first cache only', async () => {
    const { client, first, old } = over(
      [
        { n: 1, s: 'b' },
        { n: 10, s: 'x' },
      ],
      warm,
    )
    expect(await client.set('key', 'value', { expire: 5 })).toBe(true)
    expect(await client.setMany({ many: 1 })).toEqual([])
    expect(await client.add('added', 1)).toBe(true)
    expect(await client.replace('key', 'replaced')).toBe(true)
    expect(await client.append('s', 'c')).toBe(true)
    expect(await client.prepend('s', 'a')).toBe(true)
    expect(await client.incr('n', 5)).toBe(6)
    expect(await client.decr('n', 2n)).toBe(4n)
    expect(await client.touch('key', 9)).toBe(true)
    expect(first.value('s')).toBe('abc')
    expect(old.log).toEqual([])
  })

  test('add asks the first cache alone', async () => {
    const { client, old } = over([{}, { key: 'old' }], warm)
    expect(await client.add('key', 'new')).toBe(true)
    expect(old.log).toEqual([])
  })

  test('flushAll leaves the older caches alone', async () => {
    const { client, first } = over([{ key: 'new' }, { key: 'old' }])
    expect(await client.flushAll()).toBe(true)
    expect(first.items.size).toBe(0)
    expect(await client.get('key')).toBe('old')
  })

  test('without warming, an item that only an older cache has is not there', async () => {
    const { client, old } = over([{}, { n: 1, s: 'b' }])
    expect(await client.incr('n')).toBe(undefined)
    expect(await client.decr('n')).toBe(undefined)
    expect(await client.append('s', 'c')).toBe(false)
    expect(await client.replace('s', 'c')).toBe(false)
    expect(await client.touch('s', 5)).toBe(false)
    expect(old.log).toEqual([])
  })

  test('with warming, it is copied first, so that no counter starts anew', async () => {
    const { client, first, old } = over([{}, { n: 41, m: 5, s: 'b', t: 'b', r: 1, e: 1 }], warm)
    expect(await client.incr('n')).toBe(42)
    expect(await client.decr('m', 2)).toBe(3)
    expect(await client.append('s', 'c')).toBe(true)
    expect(await client.prepend('t', 'a')).toBe(true)
    expect(await client.replace('r', 2)).toBe(true)
    expect(await client.touch('e', 5)).toBe(true)
    expect(['n', 'm', 's', 't', 'r'].map((key) => first.value(key))).toEqual([42, 3, 'bc', 'ab', 2])
    expect(first.items.get('e')?.expire).toBe(5)
    expect(old.value('n')).toBe(41)
  })

  test('with warming, two at a time both count', async () => {
    const { client, first } = over([{}, { n: 10 }], warm)
    await Promise.all([client.incr('n'), client.incr('n')])
    expect(first.value('n')).toBe(12)
  })

  test('with warming, the answer is waited for unless the call says noreply', async () => {
    const { client, first, old } = over([{}, { n: 1 }], warm)
    await client.incr('n', 1, { noreply: true })
    expect([first.log, old.log]).toEqual([['incr n'], []])
    await client.incr('n')
    expect(first.optionsOf('incr')).toMatchObject({ noreply: false })
  })

  test('no copy is made for what no cache has', async () => {
    const { client, first } = over([{}, {}], warm)
    expect(await client.incr('n')).toBe(undefined)
    expect(await client.touch('n')).toBe(false)
    expect(first.log).toEqual(['incr n', 'touch n'])
  })
})

describe('deletes', () => {
  test('reach every cache, so that the key does not come back', async () => {
    const { client } = over([{ key: 'new' }, { key: 'old' }, { key: 'oldest' }])
    expect(await client.delete('key')).toBe(true)
    expect(await client.get('key')).toBe(undefined)
  })

  test('answer whether any cache had the key', async () => {
    const { client } = over([{}, { key: 'old' }])
    expect(await client.delete('key')).toBe(true)
    expect(await client.delete('key')).toBe(false)
  })

  test('of many keys reach every cache', async () => {
    const { client, caches } = over([{ a: 1 }, { a: 1, b: 2 }])
    expect(await client.deleteMany(new Set(['a', 'b']).values())).toBe(true)
    expect(caches.map((it) => it.items.size)).toEqual([0, 0])
  })

  test('reach the first cache alone with deleteFromAll: false', async () => {
    const { client } = over([{ key: 'new' }, { key: 'old' }], { deleteFromAll: false })
    expect(await client.delete('key')).toBe(true)
    expect(await client.get('key')).toBe('old')
  })

  test('come after a copy under way, which would bring the item back', async () => {
    const { client, first } = over([{}, { key: 'old' }], warm)
    let store: () => void = () => {}
    first.before = ({ method }) =>
      method === 'add'
        ? new Promise<void>((resolve) => {
            store = resolve
          })
        : undefined
    await client.get('key')
    const deleting = client.delete('key')
    await new Promise(setImmediate)
    store()
    await deleting
    expect(await client.get('key')).toBe(undefined)
  })

  test('delete from the others even if one fails, then reject', async () => {
    const { client, caches } = over([{ key: 1 }, { key: 2 }, { key: 3 }])
    const failure = down()
    caches[1]?.fail(failure, 'delete')
    await expect(client.delete('key')).rejects.toBe(failure)
    expect(caches.map((it) => it.items.size)).toEqual([0, 1, 0])
  })
})

describe('failures', () => {
  test('of the first cache reject, and older caches are not asked', async () => {
    for (const olderFailures of ['error', 'miss'] as const) {
      const { client, first, old } = over([{}, { key: 'old' }], { olderFailures })
      const failure = down()
      first.fail(failure)
      await expect(client.get('key')).rejects.toBe(failure)
      await expect(client.getMany(['key'])).rejects.toBe(failure)
      await expect(client.set('key', 1)).rejects.toBe(failure)
      expect(old.log).toEqual([])
    }
  })

  test('of an older cache reject reads of one key', async () => {
    const { client, old } = over([{}, {}, { key: 'oldest' }])
    const failure = down()
    old.fail(failure)
    await expect(client.get('key')).rejects.toBe(failure)
  })

  test('of an older cache are misses with olderFailures: miss', async () => {
    const { client, old } = over([{}, {}, { key: 'oldest' }], { olderFailures: 'miss', ...warm })
    old.fail(down())
    expect(await client.get('key')).toBe('oldest')
    expect(await client.get('absent')).toBe(undefined)
    expect(await client.getMany(['key', 'absent'])).toEqual(new Map([['key', 'oldest']]))
    expect(await client.gets('key')).toMatchObject({ value: 'oldest' })
    expect(await client.delete('key')).toBe(true)
    expect(client.levels[1]).toEqual({ hits: 0, misses: 0, warmed: 0, errors: 4 })
  })

  test('of an older cache fail only the keys that it was asked for', async () => {
    const { client, old } = over([{ a: 1 }, { b: 2 }, { b: 'oldest' }])
    const failure = down()
    old.fail(failure, 'getMany')
    const error = await client.getMany(['a', 'b']).catch((it: unknown) => it)
    expect(error).toBeInstanceOf(MemcachePartialError)
    expect(error).toMatchObject({
      results: new Map([['a', 1]]),
      failed: new Map([['b', failure]]),
      cause: failure,
    })
  })

  test('in part of an older cache leave what it did answer', async () => {
    const failure = down()
    const partial = new MemcachePartialError(new Map([['b', 2]]), new Map([['c', failure]]))
    const contents = [{ a: 1 }, { b: 2 }, { c: 'oldest', d: 4 }]
    const strict = over(contents)
    strict.old.fail(partial, 'getMany')
    await expect(strict.client.getMany(['a', 'b', 'c', 'd'])).rejects.toMatchObject({
      results: new Map([
        ['a', 1],
        ['b', 2],
        ['d', 4],
      ] as [string, number][]),
      failed: new Map([['c', failure]]),
    })
    const lenient = over(contents, { olderFailures: 'miss' })
    lenient.old.fail(partial, 'getMany')
    expect((await lenient.client.getMany(['a', 'b', 'c', 'd'])).get('c')).toBe('oldest')
  })

  test('of getsMany carry the tokens that there are', async () => {
    const { client, old } = over([{ a: 1 }, { b: 2 }], warm)
    old.fail(down(), 'getMany')
    await expect(client.getsMany(['a', 'b'])).rejects.toMatchObject({
      results: new Map([['a', { value: 1, cas: '1' }]]),
    })
  })

  test('that are the fault of the caller reject in any case', async () => {
    const { client, old } = over([{}, {}], { olderFailures: 'miss' })
    const illegal = new MemcacheIllegalInputError('key is too long')
    old.fail(illegal)
    await expect(client.get('key')).rejects.toBe(illegal)
    await expect(client.getMany(['key'])).rejects.toBe(illegal)
    await expect(client.delete('key')).rejects.toBe(illegal)
  })

  test('by an abort reject with its reason', async () => {
    const { client, old } = over([{}, {}], { olderFailures: 'miss' })
    const controller = new AbortController()
    const reason = new Error('gone home')
    old.before = () => {
      controller.abort(reason)
      throw reason
    }
    await expect(client.get('key', { signal: controller.signal })).rejects.toBe(reason)
  })
})

test('counts hits, misses, copies and errors by level, in keys', async () => {
  const { client, caches } = over([{ a: 1 }, { b: 2, c: 3 }], { ...warm, olderFailures: 'miss' })
  expect(client.levels).toEqual([
    { hits: 0, misses: 0, warmed: 0, errors: 0 },
    { hits: 0, misses: 0, warmed: 0, errors: 0 },
  ])
  await client.getMany(['a', 'b', 'c', 'd'])
  await client.get('a')
  await client.get('d')
  caches[1]?.fail(down())
  await client.get('d')
  await client.close().catch(() => {})
  expect(client.levels).toEqual([
    { hits: 2, misses: 5, warmed: 0, errors: 0 },
    { hits: 2, misses: 2, warmed: 2, errors: 1 },
  ])
})

describe('the end', () => {
  test('close and quit reach every cache, even if one fails', async () => {
    const { client, caches } = over([{}, {}, {}])
    const failure = down()
    caches[0]?.fail(failure)
    await expect(client.quit()).rejects.toBe(failure)
    await expect(client.close()).rejects.toBe(failure)
    for (const cache of caches) expect(cache.log).toEqual(['quit', 'close'])
  })

  test('disposing closes', async () => {
    const { client, caches } = over([{}, {}])
    await client[Symbol.asyncDispose]()
    for (const cache of caches) expect(cache.log).toEqual(['close'])
  })
})

describe('options', () => {
  test('there must be a client', () => {
    expect(() => new FallbackClient([])).toThrow(TypeError)
    expect(() => new FallbackClient(new MemoryClient() as never)).toThrow(TypeError)
  })

  test.each([
    [-1, RangeError],
    [1.5, RangeError],
    [undefined, TypeError],
  ])('warm.expire cannot be %s', (expire, type) => {
    const options = { warm: { expire: expire as number } }
    expect(() => new FallbackClient([new MemoryClient()], options)).toThrow(type)
  })

  test('olderFailures is one of its two words', () => {
    const options = { olderFailures: 'ignore' as 'miss' }
    expect(() => new FallbackClient([new MemoryClient()], options)).toThrow(TypeError)
  })

  test('one client is enough', async () => {
    const client = new FallbackClient([new MemoryClient({ key: 1 })])
    expect([await client.get('key'), await client.delete('key'), await client.get('key')]).toEqual([
      1,
      true,
      undefined,
    ])
  })
})

describe('metaDelete', () => {
  const caches = () => [new MemoryClient({ k: 'new' }), new MemoryClient({ k: 'old' })] as const

  test('without a condition deletes from all caches, whatever options say no', async () => {
    const [first, second] = caches()
    const client = new FallbackClient([first, second])
    expect(await client.metaDelete('k', { invalidate: false, ifCas: undefined })).toBe(true)
    expect([first.items.has('k'), second.items.has('k')]).toEqual([false, false])
    expect(await client.metaDelete('k')).toBeUndefined()
    await expect(client.metaDelete('k', { expire: 9 })).rejects.toThrow('expire needs invalidate')
  })

  test('with one deletes from the first', async () => {
    const [first, second] = caches()
    const client = new FallbackClient([first, second])
    const { cas } = (await first.gets('k')) ?? { cas: '0' }
    expect(await client.metaDelete('k', { ifCas: cas })).toBe(true)
    expect([first.items.has('k'), second.items.has('k')]).toEqual([false, true])
  })
})
