import { inspect } from 'node:util'
import { Client } from '@mc/client'
import { MemcachedServer, type MemcachedServerOptions, testCertificate } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { fromEnvironment, HashClient } from '../src/index.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(options: MemcachedServerOptions): Promise<string> {
  const server = await MemcachedServer.start(options)
  ends.push(() => server.stop())
  return server.name
}

function track(client: HashClient): HashClient {
  ends.push(() => client.close())
  return client
}

describe('servers that are URLs', () => {
  test('have logins and TLS of their own; the options are for what they do not say', async () => {
    const { key, cert } = testCertificate()
    const one = await start({ auth: { alice: 'first' } })
    const two = await start({ auth: { bob: 'se@cond' }, tls: { key, cert } })
    const three = await start({ auth: { carol: 'third' }, authScheme: 'memcachier' })
    const client = track(
      new HashClient(
        [`memcached://alice:first@${one}?tls=false`, `memcacheds://bob:se%40cond@${two}`],
        { tls: { ca: cert, servername: 'localhost' }, password: 'third', timeout: 10_000 },
      ),
    )
    client.addServer(`memcached://carol@${three}?tls=false&auth=memcachier`)
    expect(client.servers.map(({ name }) => name)).toEqual([one, two, three])
    expect((await client.version()).size).toBe(3)
    expect(inspect(client, { depth: 9, showHidden: true })).not.toMatch(/first|second|se@cond/)
    expect(JSON.stringify(client.servers)).not.toMatch(/first|second|se@cond/)
  })

  test('bring them to the clients that createClient makes', async () => {
    const server = await start({ auth: { alice: 'first' } })
    const client = track(
      new HashClient([`memcached://alice:first@${server}`], {
        createClient: (address) => new Client(address, { timeout: 10_000 }),
      }),
    )
    expect(await client.set('a', 1)).toBe(true)
  })

  test('are refused at once where the login is not whole', () => {
    const url = 'memcached://alice@localhost'
    expect(() => new HashClient([url])).toThrow('username and password must both be')
    const client = track(new HashClient(['localhost']))
    expect(() => client.addServer('memcached://alice@other')).toThrow(
      'username and password must both be',
    )
    expect(client.servers).toHaveLength(1)
  })

  test('take another password by replaceServer', async () => {
    const server = await start({ auth: { alice: 'second' } })
    const client = track(new HashClient([`memcached://alice:first@${server}`]))
    await expect(client.get('a')).rejects.toThrow('authentication failure')
    await client.replaceServer(`memcached://alice:second@${server}`)
    expect(await client.get('a')).toBeUndefined()
  })
})

describe('fromEnvironment', () => {
  test("reads MemCachier's variables, and the client logs in", async () => {
    const auth = { '15F38e': 's3cret' }
    const names = [
      await start({ auth, authScheme: 'memcachier' }),
      await start({ auth, authScheme: 'memcachier' }),
    ]
    const env = {
      MEMCACHIER_SERVERS: names.join(','),
      MEMCACHIER_USERNAME: '15F38e',
      MEMCACHIER_PASSWORD: 's3cret',
      MEMCACHED_SERVERS: 'elsewhere',
    }
    const client = track(new HashClient(...fromEnvironment(env)))
    expect(client.servers.map(({ name }) => name)).toEqual(names)
    expect(await client.setMany({ a: 1, b: 2, c: 3, d: 4 })).toEqual([])
    expect((await client.getMany(['a', 'b', 'c', 'd'])).size).toBe(4)
  })

  test.each([
    [{ MEMCACHED_SERVERS: 'a:1, b:2\nc ' }, [['a:1', 'b:2', 'c'], {}]],
    [
      { MEMCACHED_SERVERS: 'a', MEMCACHED_USERNAME: 'me', MEMCACHED_PASSWORD: 'pw' },
      [['a'], { username: 'me', password: 'pw' }],
    ],
  ])('reads %j', (env, result) => {
    expect(fromEnvironment(env)).toEqual(result)
  })

  test.each([
    [{}, 'MEMCACHIER_SERVERS or MEMCACHED_SERVERS must be set'],
    [{ MEMCACHED_SERVERS: ' , ' }, 'MEMCACHIER_SERVERS or MEMCACHED_SERVERS must be set'],
    [{ MEMCACHIER_SERVERS: 'a' }, 'MEMCACHIER_USERNAME must be set'],
    [{ MEMCACHIER_SERVERS: 'a', MEMCACHIER_USERNAME: 'me' }, 'MEMCACHIER_PASSWORD must be set'],
    [{ MEMCACHED_SERVERS: 'a', MEMCACHED_PASSWORD: 'pw' }, 'MEMCACHED_USERNAME must be set'],
  ])('refuses %j and names what is missing', (env, message) => {
    expect(() => fromEnvironment(env)).toThrow(TypeError)
    expect(() => fromEnvironment(env)).toThrow(message)
  })
})
