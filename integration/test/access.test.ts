import { Client, type ClientOptions } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { MemcacheClient } from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const SECURE =
  TRANSPORTS.find(({ name }) => name === 'TLS with authentication') ?? expect.unreachable()
const { username = '', password = '', tls } = SECURE.clientOptions
const url = (server: string, scheme: string, parameters = '') =>
  `${scheme}://${username}:${encodeURIComponent(String(password))}@${server}${parameters}`

const clients: [string, (server: string, options: ClientOptions) => MemcacheClient][] = [
  ['Client', (server, options) => new Client(server, options)],
  ['PooledClient', (server, options) => new PooledClient(server, options)],
  ['HashClient', (server, options) => new HashClient([server], options)],
]

async function works(client: MemcacheClient): Promise<void> {
  expect(await client.set('a', 1)).toBe(true)
  expect(await client.get('a')).toBe(1)
  await client.close()
}

describe.each(KINDS)('a server with a login and TLS, on %s memcached', (kind) => {
  let server: RunningServer
  beforeAll(async () => {
    server = await startServer(kind, SECURE)
  })
  afterAll(() => server?.stop())

  test.each(clients)('is a URL for %s', needsOf(kind), async (_, create) => {
    await works(create(url(server.name, 'memcacheds'), { tls, timeout: 10_000 }))
    await works(create(url(server.name, 'memcached', '?tls=true'), { tls, timeout: 10_000 }))
  })

  test.each(clients)(
    'asks functions of %s for password and TLS',
    needsOf(kind),
    async (_, create) => {
      const asked: string[] = []
      const options = {
        username,
        password: async (name: string) => {
          asked.push(`password of ${name}`)
          return String(password)
        },
        tls: async (name: string) => {
          asked.push(`tls of ${name}`)
          return tls as Exclude<typeof tls, undefined | ((server: string) => unknown)>
        },
        timeout: 10_000,
      }
      await works(create(server.name, options))
      expect(asked.sort()).toEqual([`password of ${server.name}`, `tls of ${server.name}`])
    },
  )
})

test.each(clients)("MemCachier's login is an option and a URL of %s", async (_, create) => {
  const server = await MemcachedServer.start({ auth: { me: 'secret' }, authScheme: 'memcachier' })
  const options = { username: 'me', password: 'secret', auth: 'memcachier' } as const
  await works(create(server.name, { ...options, timeout: 10_000 }))
  await works(create(`memcached://me:secret@${server.name}?auth=memcachier`, { timeout: 10_000 }))
  await server.stop()
})
