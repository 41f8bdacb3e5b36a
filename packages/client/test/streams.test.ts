import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { MemcachedServer, memcached, type TestServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isLong, runs } from '../../../test-support/amounts.ts'
import { bundled } from '../../../test-support/bundle.ts'
import { Client, type WatchEvent } from '../src/index.ts'
import { ScriptedServer } from './scripted-server.ts'

/** memcached's own walks through its items would now and then make it refuse a dump. */
const WITHOUT_CRAWLS = ['-o', 'no_lru_maintainer']
const COUNT = runs(2_000, 200_000)

describe.each([
  { name: 'the embedded server', start: () => MemcachedServer.start(), tags: [] },
  {
    name: 'memcached',
    start: () => memcached.start({ args: WITHOUT_CRAWLS }),
    tags: ['memcached'],
  },
])('streams of $name', ({ start, tags }) => {
  let server: TestServer
  let client: Client
  /** Seconds of Unix time between which the item that expires was stored. */
  let storedWithin: [number, number]
  beforeAll(async () => {
    server = await start()
    client = new Client(server.name, {
      keyPrefix: 'shop:',
      allowUnicodeKeys: true,
      timeout: 30_000,
    })
    const before = Date.now() / 1000
    await client.set('soon', 'abc', { expire: 100 })
    storedWithin = [before, Date.now() / 1000]
    await client.set('é/%', 'abc')
    for (let i = 0; i < COUNT; i++) void client.set(`n:${i}`, 'value')
    await client.get('n:0')
  })
  afterAll(async () => {
    await client.close()
    await server.stop()
  })

  test('metadump gives each item once, with what the server knows of it', { tags }, async () => {
    const keys = new Set<unknown>()
    for await (const item of client.metadump()) {
      keys.add(item.key)
      if (item.key === 'shop:soon') {
        // memcached's clock has whole seconds and may be behind.
        expect(item.expires).toBeGreaterThan(storedWithin[0] + 100 - 3)
        expect(item.expires).toBeLessThan(storedWithin[1] + 100 + 3)
        expect(item).toMatchObject({
          isFetched: false,
          slabClass: 1,
          lastAccess: expect.any(Number),
        })
        expect(item.cas).toMatch(/^\d+$/)
      } else expect(item.expires).toBeUndefined()
    }
    expect(keys.has('shop:é/%')).toBe(true)
    // memcached leaves out what is in use at the moment, such as by its own threads.
    expect(keys.size).toBeGreaterThan(COUNT * 0.98)
    expect(keys.size).toBeLessThanOrEqual(COUNT + 2)
  })

  test('a dump may be left, and another begun', { tags }, async () => {
    for await (const { key } of client.metadump({ select: 'hash' })) {
      expect(key).toBeDefined()
      break
    }
    // The server may still be busy with the dump that was left.
    const isBegun = async (): Promise<boolean> => {
      const again = client.metadump({ select: [1, 2] })
      const first = await again.next().catch(() => undefined)
      await again.return?.()
      expect(await again.next()).toEqual({ done: true, value: undefined })
      return first?.done === false
    }
    await expect.poll(isBegun).toBe(true)
  })

  test('watch gives events as they happen', { tags }, async () => {
    const events = client.watch(['fetchers', 'mutations'])[Symbol.asyncIterator]()
    const first = events.next()
    // The watcher is there when an event comes; until then there is nobody to see it.
    const timer = setInterval(() => void client.get('none').catch(() => {}), 5)
    onTestFinished(() => clearInterval(timer))
    expect((await first).value).toMatchObject({ type: 'item_get', status: 'not_found' })
    clearInterval(timer)
    await client.set('stored', 'abc', { expire: 60 })
    let event: WatchEvent | undefined
    while (event?.type !== 'item_store') event = (await events.next()).value
    expect(event).toMatchObject({ key: 'shop:stored', status: 'stored', ttl: 60, size: 3 })
    expect(event.time).toBeGreaterThan(1.7e12)
    await events.return?.()
  })

  test('an abort ends a stream with its reason', { tags }, async () => {
    const controller = new AbortController()
    const events = client.watch('evictions', { signal: controller.signal })
    const next = events.next()
    controller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
    expect(await events.next()).toEqual({ done: true, value: undefined })
    const late = client.metadump({ signal: controller.signal })
    await expect(late.next()).rejects.toThrow('enough')
  })
})

if (isLong)
  test('a dump of a million items needs no more memory than one of a few', {
    tags: ['long', 'memcached'],
    timeout: 120_000,
  }, async () => {
    await using server = await memcached.start({ args: [...WITHOUT_CRAWLS, '-m', '512'] })
    await using client = new Client(server.name, { timeout: 60_000 })
    for (let i = 0; i < 1_000_000; i++) {
      const stored = client.set(`n:${i}`, 'value')
      if (i % 10_000 === 0) await stored
    }
    await client.get('n:0')
    // Kept, the items would be some 200 MB. As soon as one is taken it may be forgotten.
    const program = `
      import { Client } from ${JSON.stringify(bundled(new URL('../src/index.ts', import.meta.url)))}
      const client = new Client(process.argv[1])
      let count = 0
      for await (const { key } of client.metadump()) count += key.startsWith('n:') ? 1 : 0
      console.log(count)
      await client.close()`
    const flags = ['--max-old-space-size=24', '--input-type=module', '-e', program]
    const child = spawn(process.execPath, [...flags, server.name])
    let out = ''
    for await (const text of child.stdout.setEncoding('utf8')) out += text
    expect(Number(out)).toBeGreaterThan(980_000)
    expect(Number(out)).toBeLessThanOrEqual(1_000_000)
  })

test('no more is read of the server than the reader takes', async () => {
  const lines = 'key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=60\n'.repeat(20_000)
  const writes = 100
  let written = 0
  await using server = await ScriptedServer.start(async (link) => {
    await link.line()
    for (; written < writes && !link.socket.destroyed; written++) {
      if (!link.socket.write(lines)) await once(link.socket, 'drain').catch(() => {})
    }
  })
  await using client = new Client(server.name)
  const dump = client.metadump()
  for (let i = 0; i < 10; i++) expect((await dump.next()).value?.key).toBe('a')
  // All would be written in far fewer turns if somebody read it.
  for (let turn = 0; turn < 1_000; turn++) await setImmediate()
  expect(written).toBeLessThan(writes / 2)
  await dump.return?.()
})

describe('a dump rejects', () => {
  test.each([
    ['BUSY currently processing crawler request\r\n', 'MEMCACHE_SERVER_ERROR'],
    ['ERROR\r\n', 'MEMCACHE_UNKNOWN_COMMAND'],
    ['OK\r\nCLIENT_ERROR lru crawler disabled\r\n', 'MEMCACHE_CLIENT_ERROR'],
    ['what is this\r\n', 'MEMCACHE_UNKNOWN'],
    ['x'.repeat(70_000), 'MEMCACHE_UNKNOWN'],
  ])('the answer %.20j', async (answer, code) => {
    await using server = await ScriptedServer.start(async (link) => {
      await link.line()
      link.write(answer)
    })
    await using client = new Client(server.name)
    await expect(client.metadump().next()).rejects.toMatchObject({ code, command: 'metadump' })
  })

  test('after the items that came before a lost connection', async () => {
    await using server = await ScriptedServer.start(async (link) => {
      await link.line()
      link.write('key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=60\nkey=b exp=')
      link.end()
    })
    await using client = new Client(server.name)
    const dump = client.metadump()
    expect((await dump.next()).value).toMatchObject({ key: 'a' })
    await expect(dump.next()).rejects.toMatchObject({ code: 'MEMCACHE_UNEXPECTED_CLOSE' })
  })

  test('when the server goes silent', async () => {
    await using server = await ScriptedServer.start(() => {})
    await using client = new Client(server.name)
    const next = client.metadump({ timeout: 20 }).next()
    await expect(next).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT', command: 'metadump' })
  })

  test('when nobody listens, and when the client is closed', async () => {
    const server = await MemcachedServer.start()
    await using client = new Client(server.name)
    const watch = expect(client.watch('fetchers').next()).rejects.toBeDefined()
    await server.stop()
    await watch
    await expect(client.metadump().next()).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
    const open = client.watch('fetchers')
    await client.close()
    await expect(open.next()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    await expect(client.metadump().next()).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
  })
})

test('overlapping reads are answered in order', async () => {
  await using server = await MemcachedServer.start()
  await using client = new Client(server.name)
  for (const key of ['a', 'b']) await client.set(key, 1)
  const dump = client.metadump()
  const reads = await Promise.all([dump.next(), dump.next(), dump.next(), dump.next()])
  expect(reads.map(({ value }) => value?.key)).toEqual(['b', 'a', undefined, undefined])
})

test('a login comes before the request', async () => {
  await using server = await MemcachedServer.start({ auth: { user: 'secret' } })
  await using client = new Client(server.name, { username: 'user', password: 'secret' })
  await client.set('a', 1)
  const keys: unknown[] = []
  for await (const { key } of client.metadump()) keys.push(key)
  expect(keys).toEqual(['a'])
})

test('invalid options throw', () => {
  const client = new Client('localhost')
  expect(() => client.watch([])).toThrow('topics must be one or more of fetchers')
  expect(() => client.watch('nothing' as never)).toThrow(TypeError)
  expect(() => client.metadump({ select: [0] })).toThrow('slab classes from 1 to 63')
  expect(() => client.metadump({ timeout: 0 })).toThrow(RangeError)
  expect(() => client.metadump({ signal: {} as never })).toThrow('an AbortSignal')
  expect(() => client.metadump({ classes: 'all' } as never)).toThrow('there is no option')
})
