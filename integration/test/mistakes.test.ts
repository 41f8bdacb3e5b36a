import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { Client, type ClientOptions, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { FetchClient } from '@mc/fetch'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { MemcachedServer, memcached, type TestServer, testCertificate } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { textOf } from '../src/docs/blocks.ts'

/** What a type would refuse, as JavaScript takes it. */
const any = (value: unknown): never => value as never

/** The anchors of "Failure". */
const ROWS = [...textOf('docs/failure.md').matchAll(/<a id="([\w-]+)"><\/a>/g)].map(([, id]) => id)

const cleanups: (() => unknown)[] = []
let plain: MemcachedServer
let secure: MemcachedServer
let guarded: MemcachedServer
let http: string
let redis: string
let cache: Client

beforeAll(async () => {
  http = await listen(createHttpServer((_, response) => response.end()))
  redis = await listen(
    createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => socket.write("-ERR unknown command 'version'\r\n"))
    }),
  )
  plain = await MemcachedServer.start()
  secure = await MemcachedServer.start({ tls: testCertificate() })
  guarded = await MemcachedServer.start({ auth: { app: 'secret' } })
  cache = open(plain.name)
  cleanups.push(() => Promise.all([plain, secure, guarded].map((server) => server.stop())))
})

afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function open(server: string, options?: ClientOptions): Client {
  const client = new Client(server, { timeout: 10_000, connectTimeout: 10_000, ...options })
  cleanups.push(() => client.destroy())
  return client
}

class User {
  name = 'Ada'
}
const circular: Record<string, unknown> = {}
circular.self = circular

/** What somebody wrote, the row of "Failure" about it, and words of the error that say what to write instead. */
type Mistake = readonly [wrote: string, row: string, run: () => unknown, says: string]

const CONNECTING: readonly Mistake[] = [
  ['a port where nothing listens', 'refused', () => get('127.0.0.1:1'), 'ECONNREFUSED 127.0.0.1:1'],
  [
    'a socket that is not there',
    'refused',
    () => get('/tmp/no-memcached.sock'),
    'ENOENT /tmp/no-memcached.sock',
  ],
  [
    'the port of an HTTP server',
    'another-service',
    () => get(http),
    "an HTTP server answered: memcached's port is usually 11211",
  ],
  [
    'the port of Redis',
    'another-service',
    () => get(redis),
    "a Redis server answered: memcached's port is usually 11211",
  ],
  [
    'no TLS where the server wants it',
    'mistake-tls',
    () => get(secure.name),
    'for TLS set the option tls',
  ],
  [
    'TLS where the server has none',
    'mistake-tls',
    () => get(plain.name, { tls: true }),
    'leave out the option tls',
  ],
  [
    'TLS without the authority of the server’s certificate',
    'mistake-tls',
    () => get(secure.name, { tls: true }),
    'give the certificate of its authority as tls: { ca }',
  ],
  [
    'no password where the server wants one',
    'mistake-password',
    () => get(guarded.name),
    'unauthenticated: set the options username and password',
  ],
  [
    'another password',
    'mistake-password',
    () => get(guarded.name, { username: 'app', password: 'guess' }),
    'authentication failure',
  ],
  [
    'a password without a user',
    'mistake-password',
    () => new Client('a', { password: 'secret' }),
    'username and password must both be strings',
  ],
  [
    'the URL of another protocol',
    'mistake-server',
    () => new Client('redis://localhost'),
    'the schemes of URLs are memcached and memcacheds',
  ],
  [
    'a port alone',
    'mistake-server',
    () => new Client(any(11211)),
    "allowed are 'host', 'host:port'",
  ],
  [
    'several servers for a Client, as an array',
    'mistake-server',
    () => new Client(any(['a:11211', 'b:11211', 'c:11211'])),
    'several servers are for HashClient',
  ],
  [
    'several servers for a Client, as text',
    'mistake-server',
    () => new Client('a:11211,b:11211'),
    'several servers are for HashClient',
  ],
  [
    'one server for a HashClient',
    'mistake-server',
    () => new HashClient(any('a:11211')),
    "such as ['a:11211', 'b:11211']",
  ],
  [
    'a client in place of a pool’s server',
    'mistake-server',
    () => new PooledClient(any(cache)),
    "allowed are 'host', 'host:port'",
  ],
  [
    'a server in place of a client',
    'mistake-server',
    () => retrying(any('localhost:11211')),
    'client must be a memcached client, got string',
  ],
  [
    'a client in place of the caches of a FallbackClient',
    'mistake-server',
    () => new FallbackClient(any(cache)),
    'clients must be an array, newest first',
  ],
]

const OPTIONS: readonly Mistake[] = [
  [
    'a misspelt option of a client',
    'mistake-option',
    () => new Client('a', any({ conectTimeout: 5 })),
    'did you mean connectTimeout?',
  ],
  [
    'the name that others have for an option',
    'mistake-option',
    () => cache.set('k', 1, any({ ttl: 60 })),
    'did you mean expire?',
  ],
  [
    'the seconds by themselves',
    'mistake-option',
    () => cache.set('k', 1, any(60)),
    'options of a call must be an object such as { expire: 60 }',
  ],
  [
    'a callback',
    'mistake-callback',
    () =>
      cache.get(
        'k',
        any(() => {}),
      ),
    'calls return promises and take no callback',
  ],
  [
    'a moment in milliseconds as expire',
    'mistake-expire',
    () => cache.set('k', 1, { expire: Date.now() + 60_000 }),
    'it is in seconds from now, so for a moment give a Date',
  ],
  [
    'a Unix time as expire',
    'mistake-expire',
    () => cache.set('k', 1, { expire: Math.floor(Date.now() / 1000) + 60 }),
    'it is in seconds from now, so for a moment give a Date',
  ],
  [
    'text as expire',
    'mistake-expire',
    () => cache.set('k', 1, { expire: any('60') }),
    'a whole number of seconds or a Date, got string',
  ],
  [
    'text as timeout',
    'mistake-expire',
    () => new Client('a', { timeout: any('1s') }),
    'timeout must be a number of milliseconds',
  ],
  [
    'JSON as serde',
    'mistake-option',
    () => new Client('a', { serde: any(JSON) }),
    'an object with the methods serialize and deserialize',
  ],
]

const VALUES: readonly Mistake[] = [
  ...(
    [
      ['a promise', () => Promise.resolve(1), 'a Promise: await it'],
      ['a Map', () => new Map([[1, 2]]), 'an instance of Map: structuredSerde keeps Map'],
      ['a Set in an object', () => ({ roles: new Set() }), 'structuredSerde keeps Map, Set'],
      ['an instance of a class', () => [new User()], 'store a plain object such as { ...it }'],
      ['a value that contains itself', () => circular, 'contains itself: structuredSerde keeps it'],
      ['a bigint in an object', () => ({ n: 1n }), 'store it as text, or use structuredSerde'],
      ['a function in an object', () => ({ run: () => 1 }), 'a function: leave it out'],
      ['undefined', () => undefined, 'undefined: store null, or delete the key'],
    ] as const
  ).map(
    ([wrote, make, says]): Mistake => [
      `${wrote} as a value`,
      'mistake-value',
      () => cache.set('k', any(make())),
      says,
    ],
  ),
  [
    'keys of get in an array',
    'mistake-keys',
    () => cache.get(['a', 'b']),
    'getMany reads several keys; a pair [routingKey, key] needs HashClient, or the option routingKeys',
  ],
  [
    'one key for getMany',
    'mistake-keys',
    () => cache.getMany('a'),
    "an iterable of keys such as ['a', 'b']",
  ],
  [
    'keys of getMany as arguments',
    'mistake-keys',
    () => cache.getMany('a', any('b')),
    'several keys are an array',
  ],
  [
    'a number as a key',
    'mistake-keys',
    () => cache.get(any(5)),
    'must be a string or a Uint8Array',
  ],
  ['a blank in a key', 'mistake-keys', () => cache.get('user 1'), 'whitespace (space) at byte 4'],
  [
    'letters beyond ASCII in a key',
    'mistake-keys',
    () => cache.get('é'),
    'set allowUnicodeKeys to send it as UTF-8',
  ],
  ['a long key', 'mistake-keys', () => cache.get('k'.repeat(300)), 'at most 250 bytes'],
  [
    'an item in place of its CAS token',
    'mistake-keys',
    () => cache.cas('k', 1, any({ value: 1, cas: '5' })),
    'a CAS token as gets gives it',
  ],
  [
    'a value in place of a loader',
    'mistake-callback',
    () => new FetchClient(cache).fetch('k', any('value')),
    'the loader must be a function',
  ],
  [
    'incr of an item that is no number',
    'client-error',
    async () => {
      await cache.set('text', 'one')
      return cache.incr('text')
    },
    'cannot increment or decrement non-numeric value',
  ],
  [
    'a value that is larger than the server takes',
    'server-error',
    () => cache.set('large', 'x'.repeat(1_100_000)),
    "the server's item_size_max is 1048576 bytes",
  ],
  [
    'a call after close',
    'after-close',
    async () => {
      const client = open(plain.name)
      await client.close()
      return client.get('k')
    },
    'the client is closed: make a new one',
  ],
]

function get(server: string, options?: ClientOptions): Promise<unknown> {
  return open(server, options).get('k')
}

async function messageFrom(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

describe.each([
  ['connecting', CONNECTING],
  ['options', OPTIONS],
  ['keys and values', VALUES],
])('mistakes with %s are errors that say what to write instead', (_, mistakes) => {
  test.each(mistakes)('%s', async (_, row, run, says) => {
    expect(await messageFrom(run)).toContain(says)
    expect(ROWS).toContain(row)
  })
})

describe('mistakes that may be meant are warnings of the process, each once', () => {
  async function warningsOf(run: () => unknown): Promise<unknown[]> {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      await run()
      return emit.mock.calls
    } finally {
      emit.mockRestore()
    }
  }

  test('an expire in milliseconds', async () => {
    const meant = [60, 90_000, 2_592_001, 7_776_000, 31_536_000, 63_072_000, 157_680_000]
    const warnings = await warningsOf(async () => {
      for (const expire of [...meant, 3_660_000, 3_660_000]) await cache.set('k', 1, { expire })
      await cache.set('k', 1, { expire: new Date(Date.now() + 86_400_000_000) })
    })
    expect(warnings).toEqual([
      [
        'expire is in seconds, and 3660000 of them are 42 days: milliseconds are to be divided by 1000; if it is meant, give a Date',
        { type: 'MemcacheWarning', code: 'MEMCACHE_EXPIRE' },
      ],
    ])
    expect(ROWS).toContain('mistake-expire')
  })

  test('a listener for an event that never comes', async () => {
    const client = open(plain.name)
    const warnings = await warningsOf(() => {
      for (const name of ['connected', 'connected', 'connect', 'error', 'newListener']) {
        client.on(name as 'error', () => {})
      }
      // @ts-expect-error The types know its events.
      client.once('ready', () => {})
    })
    const events = 'its events are connect, reconnect, disconnect, error'
    const kind = { type: 'MemcacheWarning', code: 'MEMCACHE_EVENT' }
    expect(client.listenerCount('connected' as 'error')).toBe(2)
    expect(warnings).toEqual([
      [`Client has no event "connected": did you mean connect? ${events}`, kind],
      [`Client has no event "ready": ${events}`, kind],
    ])
    expect(ROWS).toContain('mistake-event')
  })
})

describe('what a password does', () => {
  async function expectNeedlessIsHarmless(server: TestServer): Promise<void> {
    const client = open(server.name, { username: 'app', password: 'secret' })
    expect(await client.set('k', 'v')).toBe(true)
    expect(await client.get('mc-handshake')).toBeUndefined()
  }

  test('that the server does not want: nothing, and no item is left', () =>
    expectNeedlessIsHarmless(plain))

  test('on a real server', { tags: ['memcached'] }, async () => {
    const [open, wantsLogin] = await Promise.all([
      memcached.start(),
      memcached.start({ auth: { app: 'secret' } }),
    ])
    cleanups.push(() => Promise.all([open.stop(), wantsLogin.stop()]))
    await expectNeedlessIsHarmless(open)
    expect(await messageFrom(() => get(wantsLogin.name))).toContain(
      'unauthenticated: set the options username and password',
    )
  })
})
