import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { runInNewContext } from 'node:vm'
import { MemcacheIllegalInputError, MemcacheSerdeError, type Serde } from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../src/index.ts'

const SECRET = 'Tr0ub4dor-and-3'

let server: MemcachedServer
const clients: Client[] = []

beforeAll(async () => {
  server = await MemcachedServer.start()
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
})
afterAll(() => server.stop())

const plain = {
  serialize: (value: unknown) => ({ data: String(value), flags: 0 }),
  deserialize: (data: Buffer): unknown => data.toString(),
}

function connect(serde: Partial<Serde> = {}): Client {
  const client = new Client(server.name, { serde: { ...plain, ...serde } as never })
  clients.push(client)
  return client
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function throwing(): never {
  throw new Error(SECRET)
}

function unreasonable(): Error {
  return Object.defineProperty(new MemcacheSerdeError('x'), 'reason', { get: throwing })
}

const thrown: readonly (readonly [string, unknown])[] = [
  ['an error that quotes the value', new SyntaxError(`Unexpected token in ${SECRET}`)],
  ['an error of another realm', runInNewContext(`new TypeError('${SECRET}')`)],
  ['text', SECRET],
  ['undefined', undefined],
  ['null', null],
  ['a symbol', Symbol(SECRET)],
  ['an object without a prototype', Object.create(null)],
  ['a revoked proxy', revoked()],
  ['an object whose toString throws', { toString: throwing }],
  [
    'an error whose message throws',
    Object.defineProperty(new Error(), 'message', { get: throwing }),
  ],
  ['an error named by the value', Object.assign(new Error(), { name: SECRET })],
  ['an error of ours whose reason throws', unreasonable()],
  [
    'a proxy whose every trap throws',
    new Proxy({}, { get: throwing, getPrototypeOf: throwing, has: throwing }),
  ],
]

describe.each(thrown)('a serde that throws %s', (_, what) => {
  // biome-ignore lint/suspicious/noThenProperty: a serde may answer with anything
  const rejectedThenable = { then: (_: unknown, reject: (error: unknown) => void) => reject(what) }
  const ways: readonly (readonly [string, () => never])[] = [
    [
      'directly',
      () => {
        throw what
      },
    ],
    ['with a promise', () => Promise.reject(what) as never],
    ['with a thenable', () => rejectedThenable as never],
    [
      'in a then',
      () =>
        ({
          // biome-ignore lint/suspicious/noThenProperty: a serde may answer with anything
          then() {
            throw what
          },
        }) as never,
    ],
    [
      'where then is read',
      () =>
        ({
          // biome-ignore lint/suspicious/noThenProperty: a serde may answer with anything
          get then() {
            throw what
          },
        }) as never,
    ],
  ]

  test.each(ways)('%s fails that key only, and names it without the value', async (_, fail) => {
    const client = connect({
      serialize: (value) => (value === SECRET ? fail() : plain.serialize(value)),
      deserialize: (data) => (data.toString() === SECRET ? fail() : data.toString()),
    })
    const writer = connect()
    await writer.setMany({ good: 'x', bad: SECRET })
    await client.get('good')
    const connections = (await writer.stats()).total_connections

    const traced: unknown[] = []
    const onError = (trace: unknown) => traced.push((trace as { error: unknown }).error)
    subscribe('tracing:mc:command:error', onError)
    const reads = await Promise.allSettled([
      client.get('bad'),
      client.gets('bad'),
      client.getMany(['bad']),
      client.getsMany(['good', 'bad']),
      client.get('good'),
    ])
    const writes = await Promise.allSettled([
      client.set('k', SECRET),
      client.setMany({ k: SECRET }),
    ])
    unsubscribe('tracing:mc:command:error', onError)

    expect(reads.pop()).toEqual({ status: 'fulfilled', value: 'x' })
    const partial = reads.pop()
    expect(partial).toMatchObject({
      reason: { code: 'MEMCACHE_PARTIAL', results: new Map([['good', expect.anything()]]) },
    })
    for (const outcome of [...reads, ...writes]) {
      const { reason } = outcome as PromiseRejectedResult
      expect(reason).toBeInstanceOf(MemcacheSerdeError)
      expect(reason.message).toMatch(/value of "(bad|k)".*cannot be (read|written): /)
      expect(Object.is(reason.cause, what) || reason.cause instanceof Error).toBe(true)
      for (const text of [reason.message, reason.reason, reason.stack]) {
        expect(text).not.toContain(SECRET)
      }
    }
    for (const error of traced) expect((error as Error).message).not.toContain(SECRET)
    expect((await writer.stats()).total_connections).toBe(connections)
  })
})

describe('a serde of another realm', () => {
  const realm = `({
    serialize: (value) => Promise.resolve({ data: String(value), flags: 0 }),
    deserialize: (data) => Promise.resolve(String(data) + '!'),
  })`
  test('answers with promises', async () => {
    const client = connect(runInNewContext(realm) as Serde)
    expect(await client.set('realm', 'x')).toBe(true)
    expect(await client.setMany({ realm2: 'y' })).toEqual([])
    expect(await client.get('realm')).toBe('x!')
    expect(await client.gets('realm')).toMatchObject({ value: 'x!', cas: expect.any(String) })
    expect(await client.getMany(['realm', 'realm2'])).toEqual(
      new Map([
        ['realm', 'x!'],
        ['realm2', 'y!'],
      ]),
    )
  })

  test('gives bytes', async () => {
    const bytes = runInNewContext('new Uint8Array([120])') as Uint8Array
    const client = connect({ serialize: () => ({ data: bytes, flags: 0 }) })
    expect(await client.set('bytes', 1)).toBe(true)
    expect(await client.get('bytes')).toBe('x')
  })

  test('answers with a thenable', async () => {
    const client = connect({
      serialize: (value) =>
        // biome-ignore lint/suspicious/noThenProperty: a serde may answer with anything
        ({ then: (done: (it: unknown) => void) => done(plain.serialize(value)) }) as never,
    })
    expect(await client.set('thenable', 'x')).toBe(true)
    expect(await client.get('thenable')).toBe('x')
  })
})

test('values that throw when they are looked at are given as they are', async () => {
  const value = new Proxy({}, { getPrototypeOf: throwing, has: throwing })
  const client = connect({ deserialize: () => value })
  await client.set('proxy', 1)
  const isSame = [
    (await client.get('proxy')) === value,
    (await client.gets('proxy'))?.value === value,
    (await client.getMany(['proxy'])).get('proxy') === value,
    (await client.getsMany(['proxy'])).get('proxy')?.value === value,
  ]
  expect(isSame).toEqual([true, true, true, true])
})

describe('what serialize gives', () => {
  const answers: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['null', null],
    ['text', SECRET],
    ['data that is a number', { data: 5, flags: 0 }],
    ['data that is an array', { data: [1], flags: 0 }],
    ['data that is a proxy of bytes', { data: new Proxy(Buffer.from('x'), {}), flags: 0 }],
    [
      'data that throws',
      {
        get data() {
          return throwing()
        },
        flags: 0,
      },
    ],
    [
      'flags that throw',
      {
        data: 'x',
        get flags() {
          return throwing()
        },
      },
    ],
    ['flags of NaN', { data: 'x', flags: Number.NaN }],
    ['flags of text', { data: 'x', flags: `0 0 1\r\n${SECRET}` }],
    ['flags without a prototype', { data: 'x', flags: Object.create(null) }],
    ['no flags', { data: 'x' }],
    ['a revoked proxy', revoked()],
    ['bytes that were transferred away', { data: detached(), flags: 0 }],
  ]
  test.each(answers)('%s is refused before anything is written', async (_, answer) => {
    for (const serialize of [() => answer, async () => answer]) {
      const client = connect({ serialize: serialize as never })
      for (const call of [
        client.set('key of it', 1),
        client.set('key', 1),
        client.setMany({ key: 1 }),
      ]) {
        const error = await call.catch((error: unknown) => error)
        expect(
          error instanceof MemcacheSerdeError || error instanceof MemcacheIllegalInputError,
        ).toBe(true)
        expect((error as Error).message).toMatch(/key/)
        expect((error as Error).message).not.toContain(SECRET)
      }
      expect(client.isConnected).toBe(false)
    }
  })

  test('is read once', async () => {
    let reads = 0
    const answer = {
      get data() {
        return reads++ === 0 ? 'first' : (5 as never)
      },
      flags: 0,
    }
    const client = connect({ serialize: () => answer })
    await client.set('once', 1)
    expect(await client.get('once')).toBe('first')
  })
})

function detached(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}
