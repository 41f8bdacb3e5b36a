import { getEventListeners } from 'node:events'
import { MetaCommand } from '@mc/protocol'
import { textSerde } from '@mc/serde'
import { MemcachedServer } from '@mc/testing'
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { Client, type ClientOptions, type NativeValue } from '../src/index.ts'

let server: MemcachedServer
const clients: Client[] = []

beforeAll(async () => {
  server = await MemcachedServer.start()
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
})
afterAll(() => server.stop())

function connect(options: ClientOptions = {}): Client {
  const client = new Client(server.name, options)
  clients.push(client)
  return client
}

/** A client whose server is not there. */
function lost(options: ClientOptions = {}): Client {
  const client = new Client('/nowhere/memcached.sock', options)
  clients.push(client)
  return client
}

describe('keyPrefix', () => {
  test('goes in front of every key and is seen by nobody', async () => {
    const plain = connect()
    for (const keyPrefix of ['app:', Buffer.from('app:')]) {
      const client = connect({ keyPrefix })
      await client.flushAll()
      await client.setMany({ a: 1, b: 2 })
      expect(await client.get('a')).toBe(1)
      expect(await client.gat('a', 0)).toBe(1)
      expect(await client.getMany(['a', 'b', 'c'])).toEqual(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      )
      expect(await plain.get('a')).toBeUndefined()
      expect(await plain.get('app:a')).toBe(1)
      expect(await client.incr('a')).toBe(2)
      expect(await client.delete('a')).toBe(true)
      expect(await plain.get('app:a')).toBeUndefined()
    }
  })

  test('counts towards the 250 bytes', async () => {
    const client = connect({ keyPrefix: 'p'.repeat(100) })
    expect(await client.set('k'.repeat(150), 1)).toBe(true)
    await expect(client.set('k'.repeat(151), 1)).rejects.toThrow(/251 bytes.*at most 250/)
  })

  test.each(['a b', '\r\n', 'é', 'p'.repeat(250)])(
    '%j is refused by the constructor',
    (keyPrefix) => {
      expect(() => new Client(server.name, { keyPrefix })).toThrow(
        expect.objectContaining({ code: 'MEMCACHE_ILLEGAL_INPUT' }),
      )
    },
  )
})

test('allowUnicodeKeys sends keys as UTF-8', async () => {
  const client = connect({ allowUnicodeKeys: true })
  for (const key of ['é', '☃ab', 'こんにちは', '😀']) {
    expect(await client.set(key, key)).toBe(true)
    expect(await client.get(Buffer.from(key))).toBe(key)
    expect((await client.getMany([key])).get(key)).toBe(key)
  }
  await expect(client.get('☃'.repeat(84))).rejects.toThrow('252 bytes')
  await expect(client.get('\ud800')).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
})

describe('defaultNoreply', () => {
  test('applies to the commands of pymemcache’s default, and a call can say otherwise', async () => {
    const client = connect({ defaultNoreply: true })
    await client.set('n', 1)
    expect(await client.add('n', 2)).toBe(true)
    expect(await client.add('n', 2, { noreply: false })).toBe(false)
    expect(await client.replace('none', 2)).toBe(true)
    expect(await client.append('none', 'x')).toBe(true)
    expect(await client.prepend('none', 'x')).toBe(true)
    expect(await client.touch('none')).toBe(true)
    expect(await client.delete('none')).toBe(true)
    expect(await client.delete('none', { noreply: false })).toBe(false)
    expect(await client.setMany({ a: 1 })).toEqual([])
    expect(await client.deleteMany(['a'])).toBe(true)
    expect(await client.cas('none', 1, '1')).toBeUndefined()
    expect(await client.incr('n')).toBe(2)
    expect(await client.decr('n')).toBe(1)
    expect(await client.flushAll()).toBe(true)
  })
})

describe('ignoreExc', () => {
  test('turns failed reads into misses', async () => {
    const client = lost({ ignoreExc: true })
    expect(await client.get('a')).toBeUndefined()
    expect(await client.get('a', { default: 1 })).toBe(1)
    expect(await client.gets('a', { default: 1 })).toBe(1)
    expect(await client.gat('a', 1, { default: 1 })).toBe(1)
    expect(await client.gats('a', 1)).toBeUndefined()
    expect(await client.getMany(['a', 'b'])).toEqual(new Map())
    expect(await client.getsMany(['a', 'b'])).toEqual(new Map())
    expect({ ...(await client.stats()) }).toEqual({})
  })

  test('leaves writes, illegal input, aborts and a closed client alone', async () => {
    const client = lost({ ignoreExc: true })
    for (const call of [
      client.set('a', 1),
      client.setMany({ a: 1 }),
      client.delete('a'),
      client.incr('a'),
      client.touch('a'),
      client.flushAll(),
      client.version(),
      client.rawCommand('version'),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    }
    await expect(client.get('a b')).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
    await expect(client.getMany(['a b'])).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(client.get('a', { signal })).rejects.toThrow('enough')
    await expect(client.getMany(['a'], { signal })).rejects.toThrow('enough')
    await client.close()
    await expect(client.get('a')).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  })
})

describe('a serde', () => {
  const failing = {
    serialize: (value: unknown) => ({ data: String(value), flags: 0 }),
    deserialize: (data: Buffer): string => {
      if (data.toString() === 'bad') throw new Error('cannot read this')
      return data.toString()
    },
  }

  test('that cannot read one value fails that key only', async () => {
    const client = connect({ serde: failing })
    await client.setMany({ good: 'x', broken: 'bad', also: 'y' })
    await expect(client.get('broken')).rejects.toMatchObject({
      code: 'MEMCACHE_SERDE',
      key: 'broken',
      flags: 0,
      server: server.name,
    })
    const keys = ['good', 'broken', 'also']
    await expect(client.getMany(keys)).rejects.toMatchObject({
      code: 'MEMCACHE_PARTIAL',
      results: new Map([
        ['good', 'x'],
        ['also', 'y'],
      ]),
      failed: new Map([['broken', expect.objectContaining({ code: 'MEMCACHE_SERDE' })]]),
    })
    const lenient = connect({ serde: failing, ignoreExc: true })
    expect(await lenient.get('broken', { default: 'none' })).toBe('none')
    expect((await lenient.getMany(keys)).size).toBe(2)
  })

  test('may work asynchronously in both directions', async () => {
    const later = () => new Promise((resolve) => setImmediate(resolve))
    const client = connect({
      serde: {
        async serialize(value) {
          await later()
          if (value === 'refuse') throw new Error('cannot write this')
          return { data: JSON.stringify(value), flags: 7 }
        },
        async deserialize(data) {
          await later()
          return JSON.parse(data.toString())
        },
      },
    })
    expect(await client.set('a', { deep: [1] })).toBe(true)
    expect(await client.setMany({ b: 2, c: 3 })).toEqual([])
    expect(await client.get('a')).toEqual({ deep: [1] })
    expect(await client.gets('b')).toMatchObject({ value: 2 })
    expect(await client.getMany(['c', 'b', 'a'])).toEqual(
      new Map<string, unknown>([
        ['c', 3],
        ['b', 2],
        ['a', { deep: [1] }],
      ]),
    )
    await expect(client.set('a', 'refuse')).rejects.toMatchObject({ code: 'MEMCACHE_SERDE' })
    await connect().set('b', 'no json', { flags: 0 })
    await expect(client.getMany(['b', 'a'])).rejects.toMatchObject({
      code: 'MEMCACHE_PARTIAL',
      results: new Map([['a', { deep: [1] }]]),
    })
  })

  test('that gives no bytes, or flags out of range, is refused before anything is sent', async () => {
    const answers: unknown[] = [{ data: 5, flags: 0 }, { data: 'x', flags: -1 }, undefined]
    for (const answer of answers) {
      const client = connect({ serde: { ...failing, serialize: () => answer as never } })
      await expect(client.set('a', 1)).rejects.toMatchObject({
        code: expect.stringMatching(/SERDE|ILLEGAL/),
      })
      expect(client.isConnected).toBe(false)
    }
  })

  test('is given the key without its prefix', async () => {
    const keys: unknown[] = []
    const serde = {
      serialize(value: unknown, key: unknown) {
        keys.push(key)
        return failing.serialize(value)
      },
      deserialize(data: Buffer, _flags: number, key: unknown) {
        keys.push(key)
        return data.toString()
      },
    }
    const client = connect({ serde, keyPrefix: 'p:' })
    await client.set('a', 1)
    await client.get('a')
    await client.getMany(['a'])
    expect(keys).toEqual(['a', 'a', 'a'])
  })
})

test('the type of the values is that of the serde, and a call can narrow it', () => {
  const texts = new Client(server.name, { serde: textSerde })
  expectTypeOf(() => texts.get('a')).returns.resolves.toEqualTypeOf<string | undefined>()
  expectTypeOf(() => texts.get('a', { default: 5 })).returns.resolves.toEqualTypeOf<
    string | number
  >()
  expectTypeOf(texts.set).parameter(1).toEqualTypeOf<string>()
  const plain = new Client(server.name)
  expectTypeOf(() => plain.get('a')).returns.resolves.toEqualTypeOf<NativeValue | undefined>()
  expectTypeOf(() => plain.get<{ id: number }>('a')).returns.resolves.toEqualTypeOf<
    { id: number } | undefined
  >()
  expectTypeOf(() => plain.getMany<number>(['a'])).returns.resolves.toEqualTypeOf<
    Map<string, number>
  >()
  expectTypeOf(() => plain.incr('a', 1n)).returns.resolves.toEqualTypeOf<bigint | undefined>()
})

test('signals keep no listener of a call that has settled', async () => {
  const client = connect()
  const { signal } = new AbortController()
  await client.set('watched', 1, { signal })
  await client.set('watched', 1, { signal, noreply: true })
  await client.get('watched', { signal })
  await client.getMany(['watched'], { signal })
  await expect(client.get('a b', { signal })).rejects.toThrow()
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a value is sent as it was when the command was written, whatever its owner does later', async () => {
  const client = connect()
  const value = Buffer.from('before')
  const stored = client.set('mutable', value)
  await stored
  value.fill('#')
  expect(await client.get('mutable')).toEqual(Buffer.from('before'))
})

test('a value that loses its bytes before it is sent is refused, never padded', async () => {
  const client = connect()
  await client.set('kept', 'old')
  const value = new Uint8Array(100)
  const stored = client.set('kept', value)
  structuredClone(value.buffer, { transfer: [value.buffer] })
  await expect(stored).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
  expect(await client.get('kept')).toBe('old')
})

test('execute carries any meta command and gives back every field of its reply', async () => {
  const client = connect()
  await client.set('meta', 'value', { expire: 100 })
  const reply = await client.execute(
    new MetaCommand({ verb: 'mg', key: 'meta', flags: ['t', 's', 'v', 'f', 'k', 'Oabc'] }),
  )
  expect(reply.code).toBe('VA')
  expect(reply.data?.toString()).toBe('value')
  expect(Object.fromEntries(reply.flags)).toMatchObject({ s: '5', f: '16', k: 'meta', O: 'abc' })
  const odd = await client.execute(
    new MetaCommand({ verb: 'ms', key: 'with space', data: 'x', flags: ['T60'] }),
  )
  expect(odd.code).toBe('HD')
  const none = await client.execute(new MetaCommand({ verb: 'mg', key: 'none', flags: ['v'] }))
  expect(none).toEqual({ code: 'EN', flags: new Map() })
})

describe('options that cannot be meant are refused by the constructor', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['timeout', 0],
    ['timeout', '5'],
    ['connectTimeout', -1],
    ['connectTimeout', Number.NaN],
    ['keepAlive', true],
    ['tls', 'yes'],
    ['dialect', 'binary'],
    ['noDelay', 1],
    ['ignoreExc', 'no'],
    ['maxInFlight', 0],
    ['maxInFlight', 2 ** 24 + 1],
    ['maxValueLength', 1.5],
    ['username', 'alice'],
    ['reconnectDelay', { initial: 0 }],
  ]
  test.each(wrong)('%s: %j', (name, value) => {
    expect(() => new Client(server.name, { [name]: value })).toThrow(/must/)
  })

  test.each(['', 'host:0', 'host:x', 'http://host', '[::1', 5, {}, null])('server %j', (name) => {
    expect(() => new Client(name as never)).toThrow(
      expect.objectContaining({ code: 'MEMCACHE_ILLEGAL_INPUT' }),
    )
  })
})
