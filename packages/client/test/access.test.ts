import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import { MemcacheConnectError } from '@mc/protocol'
import { MemcachedServer, memcached, testCertificate } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { Client, type ClientOptions } from '../src/index.ts'

const SECRET = 'Tr0ub4dor-and-3'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function startServer(
  options: Parameters<typeof MemcachedServer.start>[0],
): Promise<MemcachedServer> {
  const server = await MemcachedServer.start(options)
  ends.push(() => server.stop())
  return server
}

function clientOf(server: string, options: ClientOptions): Client {
  const client = new Client(server, options)
  ends.push(() => client.destroy())
  return client
}

describe('a password that a function gives', () => {
  test('is asked for anew at each connection, with the name of the server', async () => {
    const auth = { alice: 'first' }
    const server = await startServer({ auth })
    const asked: string[] = []
    const tokens = ['first', 'second', 'first']
    const client = clientOf(server.name, {
      username: 'alice',
      password: async (name) => {
        asked.push(name)
        return tokens[asked.length - 1] as string
      },
      reconnectDelay: { initial: 1, max: 1 },
    })
    await client.set('a', 1)
    expect(await client.get('a')).toBe(1)
    expect(asked).toEqual([server.name])
    await client.quit()
    await expect(client.connect()).rejects.toThrow(/authentication failure/)
    expect(asked).toEqual([server.name, server.name])
  })

  test('may be synchronous, as may the name of the user', async () => {
    const server = await startServer({ auth: { alice: SECRET } })
    const client = clientOf(server.name, { username: () => 'alice', password: () => SECRET })
    await client.connect()
    expect(client.isConnected).toBe(true)
  })

  test('is asked for by streams as well, which have connections of their own', async () => {
    const server = await startServer({ auth: { alice: SECRET } })
    let count = 0
    const client = clientOf(server.name, {
      username: 'alice',
      password: () => {
        count++
        return SECRET
      },
    })
    await client.set('a', 1)
    const keys: unknown[] = []
    for await (const { key } of client.metadump()) keys.push(key)
    expect(keys).toHaveLength(1)
    expect(count).toBe(2)
  })

  const failing: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['rejects', async () => Promise.reject(new Error(SECRET)), /: the function password failed$/],
    [
      'throws',
      () => {
        throw SECRET
      },
      /: the function password failed$/,
    ],
    ['gives none', async () => undefined, /password must be a string.*got undefined$/],
    ['gives blanks', () => `${SECRET} ${SECRET}`, /password must be a string that .* no blanks$/],
    ['gives bytes', () => Buffer.from(SECRET), /password must be a string.*got object$/],
  ]
  test.each(failing)(
    'fails the attempt if the function %s, without a secret in the error',
    async (_, give, message) => {
      const server = await startServer({ auth: { alice: SECRET } })
      const client = clientOf(server.name, { username: 'alice', password: give as () => string })
      const error: unknown = await client.get('a').catch((it) => it)
      expect(error).toBeInstanceOf(MemcacheConnectError)
      expect(error).toMatchObject({ code: 'MEMCACHE_CONNECT', written: false, server: server.name })
      expect((error as Error).message).toMatch(message)
      expect((error as Error).message).not.toContain(SECRET)
      expect(inspect(client, { depth: 9, showHidden: true })).not.toContain(SECRET)
      expect(server.commandCount()).toBe(0)
    },
  )

  test('that does not come ends the attempt at connectTimeout, and one that comes later does nothing', async () => {
    const server = await startServer({ auth: { alice: SECRET } })
    let give: (password: string) => void = () => {}
    const late = new Promise<string>((resolve) => {
      give = resolve
    })
    const client = clientOf(server.name, {
      username: 'alice',
      password: () => late,
      connectTimeout: 20,
    })
    await expect(client.get('a')).rejects.toThrow(
      /no connection within 20 ms \(waiting for the functions that give username, password and tls\)/,
    )
    give(SECRET)
    await new Promise(setImmediate)
    expect(server.commandCount()).toBe(0)
    expect(client.isConnected).toBe(false)
  })

  test.each([0, 1, 2, 3, 4, 5])(
    'that comes when the client is closed opens no connection: %i turns before',
    async (turns) => {
      const server = await startServer({ auth: { alice: SECRET, bob: SECRET } })
      let give: (password: string) => void = () => {}
      const client = clientOf(server.name, {
        username: 'alice',
        password: () =>
          new Promise((resolve) => {
            give = resolve
          }),
      })
      const call = client.get('a')
      const refused = expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
      await new Promise(setImmediate)
      give(SECRET)
      for (let turn = 0; turn < turns; turn++) await undefined
      client.destroy()
      await refused
      // What the first client had sent would have come before this.
      const other = clientOf(server.name, { username: 'bob', password: SECRET })
      await other.get('a')
      expect(server.commandCount('authenticate')).toBe(1)
    },
  )

  test('needs a user, and a user needs it', () => {
    const alone: readonly ClientOptions[] = [
      { password: () => SECRET },
      { username: () => 'alice' },
    ]
    for (const options of alone) {
      expect(() => new Client('localhost', options)).toThrow(/must both be strings, or functions/)
    }
  })
})

const kinds = [
  ['the embedded server', [], MemcachedServer],
  ['memcached', ['memcached'], memcached],
] as const
describe.each(kinds)('with %s', (_, tags, { start }) => {
  test('a password that was replaced on the server is asked for at the next connection', {
    tags: [...tags],
  }, async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'mc-')), 'memcached.sock')
    const servers = [await start({ path, auth: { alice: 'first' } })]
    ends.push(
      () => rm(dirname(path), { recursive: true, force: true }),
      () => servers[0]?.stop(),
      () => servers[1]?.stop(),
    )
    const passwords = ['first', 'second']
    const client = clientOf(path, {
      username: 'alice',
      password: async () => passwords.shift() as string,
      connectTimeout: 10_000,
    })
    await client.set('a', 1)
    const gone = once(client, 'disconnect')
    await servers[0]?.stop()
    await gone
    servers.push(await start({ path, auth: { alice: 'second' } }))
    expect(await client.get('a')).toBeUndefined()
    expect(passwords).toEqual([])
    await client.close()
  })
})

describe('TLS options that a function gives', () => {
  test('are asked for at each connection, and the first that work are taken', async () => {
    const certificate = testCertificate()
    const server = await startServer({ tls: certificate })
    const given = [{}, { ca: certificate.cert }]
    const client = clientOf(server.name, {
      tls: async () => ({ ...given.shift(), servername: 'localhost' }),
      reconnectDelay: { initial: 1, max: 1 },
    })
    await expect(client.connect()).rejects.toThrow(/certificate/)
    await client.connect()
    await client.set('a', 1)
    expect(await client.get('a')).toBe(1)
    expect(given).toEqual([])
  })

  test('may be false, for no TLS', async () => {
    const server = await startServer({})
    const client = clientOf(server.name, { tls: () => false })
    await client.set('a', 1)
    expect(await client.get('a')).toBe(1)
  })

  test('that are none fail the attempt', async () => {
    const server = await startServer({})
    const client = clientOf(server.name, { tls: () => 'yes' as never })
    await expect(client.connect()).rejects.toThrow(/tls must be a boolean, options of tls.connect/)
  })
})

describe("MemCachier's login", () => {
  test('comes first and alone on every connection, and leaves no item', async () => {
    const server = await startServer({ auth: { '15F38e': SECRET }, authScheme: 'memcachier' })
    const client = clientOf(server.name, {
      username: '15F38e',
      password: SECRET,
      auth: 'memcachier',
    })
    await client.set('a', 1)
    await client.quit()
    expect(await client.get('a')).toBe(1)
    expect(server.commandCount('authenticate')).toBe(2)
    expect(server.snapshot().map(({ key }) => key)).toEqual(['a'])
  })

  test.each([
    ['another password', { username: 'alice', password: 'other', auth: 'memcachier' }],
    ["memcached's login", { username: 'alice', password: SECRET }],
  ] as const)('that is wrong, by %s, fails the attempt', async (_, options) => {
    const server = await startServer({ auth: { alice: SECRET }, authScheme: 'memcachier' })
    const call = clientOf(server.name, options).get('a')
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await expect(call).rejects.toThrow(/: authentication failure$/)
  })

  test('is one of two', () => {
    expect(() => new Client('localhost', { auth: 'sasl' as never })).toThrow(
      'auth must be one of memcached, memcachier, got sasl',
    )
  })
})
