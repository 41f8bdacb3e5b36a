import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@mc/client'
import { compressedSerde, memcachedSerde, nativeSerde, structuredSerde } from '@mc/serde'
import type { TestServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mc, mcJson } from './support/run.ts'
import { deadServer, SERVERS } from './support/servers.ts'

const SERDE_NAMES = [
  ...['native', 'json', 'text', 'raw', 'pickle', 'structured', 'memcached', 'memjs'],
]
/** Those that take nothing but text and bytes. */
const TEXT_ONLY = ['text', 'raw', 'memjs']

describe.each(SERVERS)('commands of one key, on $name', ({ start, tags }) => {
  let server: TestServer
  let client: Client<unknown>
  let env: Record<string, string>
  beforeAll(async () => {
    server = await start()
    client = new Client<unknown>(server.name, {
      serde: compressedSerde(nativeSerde) as never,
      timeout: 30_000,
    })
    env = { MEMCACHED_SERVERS: server.name }
  })
  afterAll(async () => {
    await client.close()
    await server.stop()
  })

  test('get prints a value as its flags say', { tags }, async () => {
    await client.set('text', 'héllo')
    await client.set('json', { a: [1] })
    await client.set('big', 2n ** 60n)
    await client.set('packed', 'x'.repeat(1000))
    await client.set('bytes', Buffer.from([0xff, 0]))
    expect((await mc(['get', 'text'], { env })).out).toBe('héllo\n')
    expect((await mc(['get', 'json'], { env })).out).toBe('{\n  "a": [\n    1\n  ]\n}\n')
    expect((await mc(['get', 'big'], { env })).out).toBe('1152921504606846976\n')
    expect((await mc(['get', 'packed'], { env })).out).toBe(`${'x'.repeat(1000)}\n`)
    expect((await mc(['get', 'bytes'], { env })).out).toBe('/wA=\n')
    expect((await mc(['get', '--raw', 'bytes'], { env })).bytes).toEqual(Buffer.from([0xff, 0]))
    expect(await mcJson(['get', 'packed'], { env })).toMatchObject({
      key: 'packed',
      server: server.name,
      format: 'text, zlib',
      flags: 24,
      ttl: null,
      value: 'x'.repeat(1000),
    })
    expect(await mcJson(['get', 'bytes'], { env })).toMatchObject({ value: { base64: '/wA=' } })
  })

  test('get reads what Python has pickled', { tags }, async () => {
    // {'user': 'Ada', 'roles': {'admin'}, 1: (2**70, b'\xff')}, and a list that contains itself
    const bytes = Buffer.from(
      '80049539000000000000007d94288c0475736572948c03416461948c05726f6c6573948f94288c0561646d696e94' +
        '904b018a090000000000000000404301ff948694752e',
      'hex',
    )
    await client.set('pickle', bytes, { flags: 1 })
    const { value, format } = await mcJson(['get', 'pickle'], { env })
    expect(format).toBe('pickle')
    expect(value).toEqual([
      ['user', 'Ada'],
      ['roles', ['admin']],
      [1, [String(2n ** 70n), { base64: '/w==' }]],
    ])
    expect((await mc(['get', 'pickle', '--raw'], { env })).bytes).toEqual(bytes)
    await client.set('cycle', Buffer.from('80045d946800612e', 'hex'), { flags: 1 })
    expect(await mc(['get', 'cycle'], { env })).toMatchObject({ exit: 1, out: '' })
  })

  test('what cannot be read is said, and still written raw', { tags }, async () => {
    await client.set('strange', Buffer.from('?'), { flags: 1 << 12 })
    const { exit, out, err } = await mc(['get', 'strange'], { env })
    expect({ exit, out }).toEqual({ exit: 1, out: '' })
    expect(err).toContain('--raw writes the 1 bytes')
    expect((await mc(['get', 'strange', '--raw'], { env })).out).toBe('?')
  })

  test('a key that is not there is exit 1', { tags }, async () => {
    for (const argv of [
      ['get', 'none'],
      ['inspect', 'none'],
      ['touch', 'none', '5'],
      ['incr', 'none'],
      ['delete', 'none', '--yes'],
    ]) {
      expect(await mc(argv, { env })).toMatchObject({ exit: 1, err: 'mc: none is not there\n' })
    }
  })

  test('set stores text, bytes and JSON, over a value only with --yes', { tags }, async () => {
    expect(await mc(['set', 'new', 'one', '--expire', '60'], { env })).toMatchObject({ exit: 0 })
    expect(await mc(['set', 'new', 'two'], { env })).toMatchObject({
      exit: 1,
      err: 'mc: new has a value already; --yes stores over it\n',
    })
    expect(await client.get('new')).toBe('one')
    expect((await client.inspect('new'))?.ttl).toBeGreaterThan(50)
    await mc(['set', 'new', '--yes'], { env, stdin: 'of the pipe' })
    expect(await client.get('new')).toBe('of the pipe')
    await mc(['set', 'new', '--yes', '--as', 'json', '{"a":1}'], { env })
    expect(await client.get('new')).toEqual({ a: 1 })
    await mc(['set', 'new', '--yes', '--as', 'integer', '7'], { env })
    expect(await client.get('new')).toBe(7)
    await mc(['set', 'new', '--yes'], { env, stdin: Buffer.from([0xff]) })
    expect(await client.get('new')).toEqual(Buffer.from([0xff]))
  })

  test('delete wants --yes; touch and incr change an item', { tags }, async () => {
    await client.set('n', 5)
    expect(await mc(['delete', 'n'], { env })).toMatchObject({
      exit: 2,
      err: 'mc: delete needs --yes\n',
    })
    expect((await mc(['incr', 'n'], { env })).out).toBe('6\n')
    expect((await mc(['incr', 'n', '10'], { env })).out).toBe('16\n')
    expect((await mc(['incr', 'n', '--', '-6'], { env })).out).toBe('10\n')
    expect((await mc(['incr', 'fresh', '--initial', '3'], { env })).out).toBe('3\n')
    expect(await mc(['touch', 'n', '60'], { env })).toMatchObject({ exit: 0 })
    expect(await mcJson(['inspect', 'n'], { env })).toMatchObject({
      key: 'n',
      format: 'integer',
      size: 2,
      fetched: true,
      cas: expect.stringMatching(/^\d+$/),
    })
    expect((await mc(['inspect', 'n'], { env })).out).toMatch(/expires +in (\d\ds|1m)/)
    expect(await mc(['delete', 'n', '--yes'], { env })).toMatchObject({ exit: 0 })
    expect(await client.get('n')).toBeUndefined()
  })

  test('touch does not let an item expire at once, which is what delete asks for', {
    tags,
  }, async () => {
    await client.set('kept', 5)
    expect(await mc(['touch', 'kept', '--', '-1'], { env })).toMatchObject({
      exit: 2,
      err: 'mc: seconds must be 0 or more, got -1; delete removes an item\n',
    })
    expect(await client.get('kept')).toBe(5)
  })

  test('--serde reads and writes as the application does', { tags }, async () => {
    await using npm = new Client<unknown>(server.name, { serde: memcachedSerde as never })
    await using structured = new Client<unknown>(server.name, { serde: structuredSerde })
    await npm.set('npm', { line: 'a\r\nb' })
    await npm.set('npm-number', 7)
    await structured.set('structured', new Map([[/x/, new Set([new Uint8Array([97])])]]))
    const get = (key: string, serde: string) => mcJson(['get', key, '--serde', serde], { env })
    expect(await get('npm', 'memcached')).toMatchObject({
      format: 'json',
      value: { line: 'a\r\nb' },
    })
    expect(await get('npm-number', 'memcached')).toMatchObject({ format: 'number', value: 7 })
    expect(await get('structured', 'structured')).toMatchObject({ value: [['/x/', ['a']]] })
    expect(await mc(['get', 'npm'], { env })).toMatchObject({ exit: 1, out: '' })

    const set = (serde: string, ...value: string[]) =>
      mc(['set', 'written', '--yes', '--serde', serde, ...value], { env })
    const flags: Record<string, number> = {}
    for (const serde of SERDE_NAMES) {
      const kind = TEXT_ONLY.includes(serde) ? [] : ['--as', 'json']
      expect(await set(serde, '{"a":1}', ...kind)).toMatchObject({ exit: 0 })
      const { value, ...item } = await get('written', serde)
      expect(value).toEqual(TEXT_ONLY.includes(serde) ? '{"a":1}' : { a: 1 })
      flags[serde] = item.flags
    }
    expect(flags).toEqual({
      ...{ native: 32, json: 32, text: 16, raw: 0 },
      ...{ pickle: 1, structured: 64, memcached: 2, memjs: 0 },
    })
    expect(await set('memjs', '1', '--as', 'integer')).toMatchObject({ exit: 2 })
  })

  test('a prefix of the application is in front of every key', { tags }, async () => {
    await mc(['set', '--prefix', 'app:', 'k', 'v'], { env })
    expect(await client.get('app:k')).toBe('v')
    expect((await mc(['get', 'k', '--prefix', 'app:'], { env })).out).toBe('v\n')
  })
})

test('files hold values and settings', async () => {
  const server = await SERVERS[0]?.start()
  const folder = await mkdtemp(join(tmpdir(), 'mc-cli-'))
  try {
    const [config, value] = ['mc.json', 'value'].map((name) => join(folder, name)) as [
      string,
      string,
    ]
    await writeFile(config, JSON.stringify({ servers: [server?.name], prefix: 'app:' }))
    await writeFile(value, 'of a file')
    expect(await mc(['set', 'k', '--file', value, '--config', config])).toMatchObject({ exit: 0 })
    expect((await mc(['get', 'app:k', '-s', String(server?.name)])).out).toBe('of a file\n')
    await writeFile(config, '{"server": "a"}')
    expect(await mc(['get', 'k', '--config', config])).toMatchObject({
      exit: 2,
      err: expect.stringContaining('the config file has no server; it may have servers, dns'),
    })
    await writeFile(config, JSON.stringify({ servers: [server?.name], serde: 'memcached' }))
    expect(await mc(['set', 'n', '7', '--as', 'integer', '--config', config])).toMatchObject({
      exit: 0,
    })
    expect(await mcJson(['inspect', 'n', '--config', config])).toMatchObject({ format: 'number' })
    for (const [name, choices] of [
      ['serde', 'native, json, text, raw, pickle, structured, memcached, memjs'],
      ['hash', 'rendezvous, ketama, hashring, modulo, python-memcached'],
    ]) {
      await writeFile(config, JSON.stringify({ [String(name)]: 'toString' }))
      expect(await mc(['get', 'k', '--config', config])).toEqual({
        ...{ exit: 2, out: '', bytes: Buffer.of() },
        err: `mc: ${name} must be one of ${choices}, got toString\n`,
      })
    }
  } finally {
    await rm(folder, { recursive: true })
    await server?.stop()
  }
})

test.each([
  [['get']],
  [['nothing']],
  [['get', 'a', '--hash', 'mod']],
  [['get', 'a', '--serde', 'yaml']],
  [['get', 'a b']],
  [['get', 'a', '-s', 'host:port']],
  [['get', 'a', '--user', 'me']],
  [['get', 'a', '--timeout', 'soon']],
  [['get', 'a', '--config', '/none']],
  [['touch', 'a', 'x']],
  [['set', 'a', 'x', '--as', 'integer']],
])('the command line %j is exit 2 and says why', async (argv) => {
  const { exit, out, err } = await mc(argv)
  expect({ exit, out }).toEqual({ exit: 2, out: '' })
  expect(err).not.toBe('')
})

test('a server that does not answer is exit 3', async () => {
  const server = await deadServer()
  const { exit, err } = await mc(['get', 'a', '-s', server])
  expect(exit).toBe(3)
  expect(err).toContain(`${server}: connect ECONNREFUSED`)
})

test('help names the commands and the flags of all of them', async () => {
  const { exit, out } = await mc(['--help'])
  expect(exit).toBe(0)
  expect(out).toContain('--servers <list>')
  const words = out.replace(/\s+/g, ' ')
  for (const name of [...SERDE_NAMES, 'python-memcached']) expect(words).toContain(`"${name}"`)
  expect((await mc(['get', '--help'])).out).toContain('--elasticache <host:port>')
  expect((await mc(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
})
