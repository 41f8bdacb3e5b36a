import dns from 'node:dns'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { MemcachedServer, testCertificate } from '@mc/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Client } from '../src/index.ts'
import { type Link, startedClients } from './scripted-server.ts'

const { start, cleanUp } = startedClients()
afterEach(cleanUp)

type Found = (error: null, addresses: readonly dns.LookupAddress[]) => void

/** What servers and proxies say to `mn`, and whether they close the connection behind it. */
const REFUSALS: readonly (readonly [string, string, boolean])[] = [
  ['old memcached', 'ERROR\r\n', false],
  ['a proxy that closes', 'ERROR\r\n', true],
  ['memcached 1.5.19 to 1.5.22', 'EN\r\n', false],
  ['twemcache', 'CLIENT_ERROR\r\n', false],
  ['mcrouter', 'CLIENT_ERROR malformed request\r\n', true],
  ['a server that explains', 'ERROR unknown command\r\n', false],
  ['a picky server', 'CLIENT_ERROR bad command line format\r\n', false],
  ['a busy proxy', 'SERVER_ERROR unsupported\r\n', false],
  ['a proxy that closes in words', 'SERVER_ERROR unsupported\r\n', true],
  ['a proxy that closes without a word', '', true],
]

describe('a server that knows no meta commands', () => {
  for (const [who, refusal, closes] of REFUSALS) {
    test(`is spoken to in text: ${who}, ${JSON.stringify(refusal)}`, async () => {
      const script = async (link: Link) => {
        for (let line = await link.line(); line !== undefined; line = await link.line()) {
          if (line === 'version') link.write('VERSION 1.6.18\r\n')
          else if (line === 'get mc-handshake') link.write('END\r\n')
          else if (line === 'get a') link.write('VALUE a 16 1\r\nx\r\nEND\r\n')
          else if (line === 'mn') {
            link.write(refusal)
            if (closes) return link.end()
          }
        }
      }
      const { client, server } = await start({}, script)
      const seen: string[] = []
      client.on('connect', () => seen.push('connect'))
      client.on('disconnect', () => seen.push('disconnect'))
      expect(await client.get('a')).toBe('x')
      expect(seen).toEqual(['connect'])
      expect(server.links).toHaveLength(closes ? 2 : 1)
    })
  }

  test('is not in use before it has answered anything', async () => {
    const { client } = await start({}, async (link) => {
      await link.line()
      link.end()
    })
    let connects = 0
    client.on('connect', () => connects++)
    const call = client.set('a', 1)
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT', written: false })
    await expect(call).rejects.toThrow(
      'the server closed the connection: it may expect TLS or the binary protocol',
    )
    expect(connects).toBe(0)
  })
})

describe('a port with something else behind it', () => {
  test.each([
    ['Redis', "-ERR unknown command 'version'\r\n", 'a Redis server answered'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 'an SSH server answered'],
    ['TLS', '\x15\x03\x03\x00\x02\x02\x46', 'the server speaks TLS: set the option tls'],
    [
      'the binary protocol',
      '\x81\0\0\0\0\0\0\x81\0\0\0\0',
      'the server speaks the binary protocol only',
    ],
  ])('is named: %s', async (_, greeting, hint) => {
    const { client } = await start({}, async (link) => {
      await link.line()
      link.write(greeting)
      link.end()
    })
    const call = client.get('a')
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT', written: false })
    await expect(call).rejects.toThrow(hint)
  })

  test('is named: HTTP', async () => {
    const server = createHttpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = new Client(['127.0.0.1', (server.address() as { port: number }).port])
    await expect(client.get('a')).rejects.toThrow('an HTTP server answered')
    client.destroy()
    server.close()
  })

  test('is named: TLS without a client that speaks it, and the other way round', async () => {
    const certificate = testCertificate()
    const secure = await MemcachedServer.start({ tls: certificate })
    const plain = await MemcachedServer.start()
    const plainClient = new Client(secure.name)
    const tlsClient = new Client(plain.name, { tls: { ca: certificate.cert }, connectTimeout: 300 })
    const call = plainClient.get('a')
    await expect(call).rejects.toThrow(/TLS/)
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await expect(tlsClient.get('a')).rejects.toThrow(/^[^\n]*TLS[^\n]*$/)
    plainClient.destroy()
    tlsClient.destroy()
    await secure.stop()
    await plain.stop()
  })
})

test('the error names each address of a host that refuses', async () => {
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]
  vi.spyOn(dns, 'lookup').mockImplementation(((_: string, __: object, found: Found) =>
    found(null, addresses)) as never)
  const server = createHttpServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  const client = new Client(['two-addresses.test', port])
  const call = client.get('a')
  await expect(call).rejects.toThrow(`connect ECONNREFUSED 127.0.0.1:${port}; connect E`)
  await expect(call).rejects.toThrow(`::1:${port}`)
  await client.close()
  vi.restoreAllMocks()
})

describe('a login', () => {
  test('leaves no item where none is wanted', async () => {
    const server = await MemcachedServer.start()
    const client = new Client(server.name, { username: 'user', password: 'secret' })
    expect(await client.get('auth')).toBeUndefined()
    expect(server.snapshot()).toEqual([])
    await client.close()
    await server.stop()
  })

  test('that is refused says so once', async () => {
    const server = await MemcachedServer.start({ auth: { user: 'other' } })
    const client = new Client(server.name, { username: 'user', password: 'secret' })
    const call = client.get('a')
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    await expect(call).rejects.toThrow(/: authentication failure$/)
    await client.close()
    await server.stop()
  })
})

test('callers of connect() get an error each', async () => {
  const { client } = await start({}, (link) => link.end())
  const outcomes = await Promise.allSettled([client.connect(), client.connect(), client.get('a')])
  const errors = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason)
  expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('MEMCACHE_CONNECT'))
  expect(new Set(errors).size).toBe(3)
})

test('a call with the time of the attempt to connect fails with the attempt, whatever comes first', async () => {
  const codes = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const { client } = await start({ timeout: 20, connectTimeout: 20 }, () => {})
    await client.get('a').catch((error) => codes.add(`${error.code}: ${error.reason}`))
    client.destroy()
  }
  expect([...codes]).toEqual([
    'MEMCACHE_CONNECT: no connection within 20 ms (waiting for its first answer: it may expect TLS or the binary protocol: for TLS set the option tls)',
  ])
})

test('shutdown() rejects where a proxy closes the connection and goes on', async () => {
  const { client } = await start({ timeout: 100 }, async (link) => {
    await link.greet()
    await link.line()
    link.end()
  })
  await expect(client.shutdown()).rejects.toMatchObject({
    code: 'MEMCACHE_SERVER_ERROR',
    reason: 'the connection ended, but the server is still there',
  })
})
