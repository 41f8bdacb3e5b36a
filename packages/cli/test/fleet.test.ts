import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HashClient, KetamaHash, ModuloHash, RendezvousHash } from '@mc/hash'
import {
  ConfigurationEndpointServer,
  MemcachedServer,
  type TestServer,
  testCertificate,
} from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mc, mcJson, mcLines } from './support/run.ts'
import { deadServer, SERVERS } from './support/servers.ts'

describe.each(SERVERS)('a fleet of $name with a dead server', ({ start, tags }) => {
  let servers: TestServer[]
  let dead: string
  let list: string
  beforeAll(async () => {
    servers = await Promise.all([start(), start()])
    dead = await deadServer()
    list = [...servers.map(({ name }) => name), dead].join()
    const client = new HashClient([servers[0]?.name as string], { timeout: 30_000 })
    await client.setMany(Array.from({ length: 100 }, (_, i) => [`key:${i}`, 'value'] as const))
    await client.getMany(['key:1', 'key:2', 'key:3', 'none'])
    await client.close()
  })
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  test('ping shows versions, and who does not answer', { tags }, async () => {
    const { exit, out } = await mc(['ping', '-s', list])
    expect(exit).toBe(3)
    expect(out).toContain('1.6.18')
    expect(out).toContain(`${dead}  connect ECONNREFUSED`)
    const json = await mcJson(['ping', '-s', list])
    expect(json[0]).toEqual({ server: servers[0]?.name, version: '1.6.18', ms: expect.any(Number) })
    expect(json[2]).toEqual({ server: dead, error: expect.stringContaining('ECONNREFUSED') })
    expect(await mc(['ping', '-s', servers[0]?.name as string])).toMatchObject({ exit: 0 })
  })

  test('stat shows each server and all together', { tags }, async () => {
    const { exit, out } = await mc(['stat', '-s', list])
    expect(exit).toBe(3)
    const [head, full, empty, broken, all] = out.split('\n')
    expect(head).toMatch(/^server +version +up +items +memory +hits +get\/s/)
    expect(full).toMatch(/ 100 .* of 1.0 GB +75.0% /)
    expect(empty).toMatch(/ 0 .* of 1.0 GB +- /)
    expect(broken).toContain('ECONNREFUSED')
    // What is wrong with one server does not move the figures of the others.
    expect(head).toMatch(/ version {1,3}up /)
    expect(all).toMatch(/^all .* 100 .* of 2.0 GB/)
    const json = await mcJson(['stat', '-s', list])
    expect(json[0]).toMatchObject({
      server: servers[0]?.name,
      items: 100,
      hitRatio: 0.75,
      evictions: 0,
    })
    expect(json[1]).toMatchObject({ items: 0, hitRatio: null })
    expect(json[2]).toEqual({ server: dead, error: expect.any(String) })
  })

  test('stat repeats with the rates of each interval', { tags }, async () => {
    const rounds = await mcLines([
      'stat',
      '-s',
      servers[0]?.name as string,
      '-i',
      '0.01',
      '-n',
      '3',
    ])
    expect(rounds.length).toBe(3)
    expect(rounds[2][0]).toMatchObject({ gets: 0, hitRatio: null, items: 100 })
  })
})

test('there are colours on a terminal, unless NO_COLOR or TERM says otherwise', async () => {
  await using server = await MemcachedServer.start()
  const out = async (env: Record<string, string>, columns?: number) => {
    const options = columns === undefined ? { env } : { env, columns }
    return (await mc(['stat', '-s', server.name], options)).out
  }
  expect(await out({}, 100)).toContain('\x1b[')
  expect(await out({ FORCE_COLOR: '1' })).toContain('\x1b[')
  for (const plain of [out({}), out({ NO_COLOR: '1' }, 100), out({ TERM: 'dumb' }, 100)]) {
    expect(await plain).not.toContain('\x1b[')
  }
})

test('stat -i goes on until it is interrupted', async () => {
  await using server = await MemcachedServer.start()
  const controller = new AbortController()
  const { exit, out } = await mc(['stat', '-s', server.name, '-i', '0.001', '--json'], {
    signal: controller.signal,
    onOutput: (text) => {
      if (text.split('\n').length > 3) controller.abort()
    },
  })
  expect(exit).toBe(0)
  expect(out.split('\n').length).toBeGreaterThan(3)
})

test('servers may be URLs, with TLS and a login', async () => {
  const { key, cert } = testCertificate()
  await using server = await MemcachedServer.start({ tls: { key, cert }, auth: { me: 'p%w' } })
  const url = `memcacheds://me:p%25w@${server.name}`
  expect(await mc(['ping', '-s', url, '--insecure'])).toMatchObject({ exit: 0 })
  expect(
    await mc(['ping', '-s', server.name, '--insecure', '--user', 'me'], {
      env: { MEMCACHED_PASSWORD: 'p%w' },
    }),
  ).toMatchObject({ exit: 0 })
  const refused = await mc(['ping', '-s', url.replace('p%25w', 'wrong'), '--insecure'])
  expect(refused.exit).toBe(3)
  expect(refused.out + refused.err).not.toContain('wrong')
})

test('certificates are read from files: of the authority, and of the client', async () => {
  const { key, cert } = testCertificate()
  const folder = await mkdtemp(join(tmpdir(), 'mc-tls-'))
  try {
    const ca = join(folder, 'cert.pem')
    const own = join(folder, 'key.pem')
    await writeFile(ca, cert)
    await writeFile(own, key)
    const tls = { key, cert, ca: cert, requestCert: true, rejectUnauthorized: true }
    await using server = await MemcachedServer.start({ tls, log: () => {} })
    const ping = ['ping', '-s', server.name]
    const files = ['--ca', ca, '--cert', ca, '--key', own]
    expect(await mc([...ping, ...files])).toMatchObject({ exit: 0 })
    expect(await mc([...ping, '--ca', ca, '--timeout', '2000'])).toMatchObject({ exit: 3 })
    expect(await mc([...ping, '--tls', '--cert', ca, '--key', own])).toMatchObject({ exit: 3 })
    expect(await mc([...ping, '--ca', join(folder, 'none')])).toMatchObject({ exit: 2 })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('servers may come from a name or a configuration endpoint', async () => {
  await using server = await MemcachedServer.start()
  expect((await mcJson(['ping', '--dns', `127.0.0.1:${server.port}`]))[0].server).toBe(server.name)
  await using endpoint = await ConfigurationEndpointServer.start({
    nodes: [{ host: '127.0.0.1', port: server.port }],
  })
  expect((await mcJson(['ping', '--elasticache', endpoint.name]))[0]).toMatchObject({
    server: server.name,
    version: '1.6.18',
  })
})

describe('where', () => {
  const servers = ['a:1', 'b:1', 'c:1']

  // Enough for the two rings to differ.
  const seven = [...servers, 'd:1', 'e:1', 'f:1', 'g:1']
  test.each([
    ['rendezvous', new RendezvousHash({ nodes: seven })],
    ['ketama', new KetamaHash({ nodes: seven })],
    ['hashring', new KetamaHash({ nodes: seven, ring: 'hashring' })],
    ['modulo', new ModuloHash({ nodes: seven })],
  ])('--hash %s says the server of the application’s hasher', async (hash, hasher) => {
    const keys = Array.from({ length: 500 }, (_, i) => `key:${i}`)
    const { places } = await mcJson(['where', ...keys, '-s', seven.join(), '--hash', hash])
    expect(places).toEqual(keys.map((key) => ({ key, server: hasher.getNode(key) })))
  })

  test('is a table for people', async () => {
    expect((await mc(['where', 'x', '-s', 'a:1'])).out).toBe('key  server\nx    a:1\n')
  })

  test.each([
    ['rendezvous', 0.23, 0.27],
    ['ketama', 0.2, 0.3],
    ['hashring', 0.2, 0.3],
    ['modulo', 0.7, 0.8],
    ['python-memcached', 0.7, 0.8],
  ])('--add says what share of the keys %s moves', async (hash, least, most) => {
    const { moved, places } = await mcJson([
      'where',
      'x',
      '-s',
      servers.join(),
      '--hash',
      hash,
      '--add',
      'd:1',
    ])
    expect(moved).toBeGreaterThan(least)
    expect(moved).toBeLessThan(most)
    expect([...servers, 'd:1']).toContain(places[0].after)
    expect((await mc(['where', '-s', servers.join(), '--hash', hash, '--add', 'd:1'])).out).toMatch(
      /^\d+\.\d% of all keys would move\n$/,
    )
  })

  test('python-memcached places keys as python-memcached does', async () => {
    // ((crc32(key) & 0xffffffff) >> 16) & 0x7fff of Python, modulo 3.
    const { places } = await mcJson([
      'where',
      'foo',
      'bar',
      'user:1',
      '-s',
      servers.join(),
      '--hash',
      'python-memcached',
    ])
    expect(places.map(({ server }: { server: string }) => server)).toEqual(['b:1', 'b:1', 'a:1'])
  })

  test('refuses to remove a server that is not there', async () => {
    expect(await mc(['where', '-s', 'a:1', '--remove', 'b:1'])).toMatchObject({ exit: 2 })
  })
})
