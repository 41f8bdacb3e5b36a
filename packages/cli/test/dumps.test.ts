import { HashClient } from '@mc/hash'
import type { StoreOptions } from '@mc/protocol'
import { MemcachedServer, type TestServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { globTest } from '../src/glob.ts'
import { PrefixSums } from '../src/prefix-sums.ts'
import { mc, mcJson, mcLines } from './support/run.ts'
import { deadServer, SERVERS } from './support/servers.ts'

/** memcached leaves out of a dump what is in use at the moment, such as by its own threads. */
const MOST = 0.98

/**
 * Stores an item every 5 ms until it is disposed of. No dump runs beside: an item that is stored at this moment is not
 * in it.
 */
function storing(client: HashClient, key: string, options?: StoreOptions): AsyncDisposable {
  let last: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    last = client.set(key, 'x', options)
  }, 5)
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await last
    },
  }
}

/** Deletes what a test stored, for the tests after it, with a client of its own: that of the test is closed. */
async function forget(server: string, key: string): Promise<void> {
  await using client = new HashClient([server], { timeout: 30_000, allowUnicodeKeys: true })
  await client.delete(key)
}

describe.each(SERVERS)(
  'dumps of a fleet of $name',
  { tags: ['long'], timeout: 300_000 },
  ({ start, tags, many: users }) => {
    let servers: TestServer[]
    let list: string
    beforeAll(async () => {
      servers = await Promise.all([start(), start(), start()])
      const names = servers.map(({ name }) => name)
      list = names.join()
      // The third is empty.
      const client = new HashClient(names.slice(0, 2), { timeout: 60_000, allowUnicodeKeys: true })
      for (let i = 0; i < users; i += 10_000) {
        const some = Array.from({ length: Math.min(users - i, 10_000) }, (_, j) => i + j)
        await client.setMany(
          some.map((n) => [`user:${n}:profile`, 'x'.repeat(10)] as const),
          {
            expire: 3000,
          },
        )
      }
      await client.setMany([
        ['session/é', 'x'],
        ['page:home', 'x'.repeat(5_000)],
      ])
      await client.close()
    }, 300_000)
    afterAll(() => Promise.all(servers.map((server) => server.stop())))

    test('keys lists them all, or those that match', { tags }, async () => {
      const lines = (await mc(['keys', '-s', list])).out.trim().split('\n')
      expect(new Set(lines).size).toBe(lines.length)
      expect(lines.length).toBeGreaterThan(users * MOST)
      expect(lines.length).toBeLessThanOrEqual(users + 2)
      expect((await mc(['keys', 'page:*', '-s', list])).out).toBe('page:home\n')
      expect((await mc(['keys', 'session?é', '-s', list])).out).toBe('session/é\n')
      expect((await mc(['keys', '-l', 'page*', '-s', list])).out).toMatch(
        /^page:home {2}127\.0\.0\.1:\d+ {2}5\.0 KB {2}never {2}\d+s ago\n$/,
      )
      expect(await mcLines(['keys', 'page:*', '-s', list])).toEqual([
        {
          key: 'page:home',
          server: expect.stringMatching(/^127/),
          size: expect.any(Number),
          expires: null,
          lastAccess: expect.any(Number),
          fetched: false,
        },
      ])
    })

    test('sizes, ttls and prefixes sum the items', { tags }, async () => {
      const { out } = await mc(['sizes', '-s', list])
      expect(out).toMatch(/^size +items +bytes +of all/)
      expect(out).toMatch(/\nunder 8\.0 KB +1 +5\.0 KB /)
      const sizes = await mcJson(['sizes', '-s', list])
      expect(sizes[0]).toMatchObject({ from: 64, to: 128 })
      expect(sizes[0].count).toBeGreaterThan(users * MOST)
      const { expiring, never } = await mcJson(['ttls', '-s', list])
      expect(never.count).toBe(2)
      expect(expiring).toEqual([
        { from: 600, to: 3600, count: expect.any(Number), bytes: expect.any(Number) },
      ])
      expect((await mc(['ttls', '-s', list])).out).toMatch(/within 1h .*\nnever +2 /)
      const prefixes = await mcJson(['prefixes', '-s', list])
      expect(prefixes.map(({ prefix }: { prefix: string }) => prefix)).toEqual([
        'user:',
        'page:',
        '(none)',
      ])
      expect((await mc(['prefixes', '-s', list, '--top', '1'])).out).toMatch(/user: .* \d+\.\d%/)
    })

    test('a bar shows on a terminal how far it is, and what is known', { tags }, async () => {
      const options = { columns: 100 }
      const done = (words: string) =>
        new RegExp(`█ \\d+ of ${users + 2} items, \\S+ left; ${words}`)
      const size = '[\\d.]+ [KM]B, [\\d.]+% '
      expect((await mc(['sizes', '-s', list], options)).err).toMatch(done(`${size}under 128 B`))
      expect((await mc(['ttls', '-s', list], options)).err).toMatch(done(`${size}within 1h`))
      expect((await mc(['prefixes', '-s', list], options)).err).toMatch(done(`${size}user:`))
      const to = servers[2]?.name as string
      const copy = await mc(
        ['copy', list, to, '--dry-run', '--rate', '10', '--only', 'page:*'],
        options,
      )
      expect(copy.err).toMatch(done('1 to copy'))
      expect((await mc(['sizes', '-s', list])).err).toBe('')
    })

    test('the bar does not run into keys on the same terminal', { tags }, async () => {
      const argv = ['keys', 'page:*', '-s', list]
      expect(await mc(argv, { columns: 100 })).toMatchObject({ out: 'page:home\n', err: '' })
      const piped = await mc(argv, { hasErrorTerminal: true })
      expect(piped).toMatchObject({ out: 'page:home\n', err: expect.stringContaining(' items, ') })
    })

    test('a key cannot control the terminal', { tags }, async () => {
      const server = servers[2]?.name as string
      await using client = new HashClient([server], { timeout: 30_000, allowUnicodeKeys: true })
      const key = '\x9b2J:key'
      await client.set(key, 'x')
      onTestFinished(() => forget(server, key))
      const out = async (...argv: string[]) =>
        (await mc([...argv, '-s', server], { columns: 100, env: { TERM: 'dumb' } })).out
      expect(await out('keys')).toBe('?2J:key\n')
      expect(await out('keys', '-l')).toMatch(/^\?2J:key {2}127/)
      expect(await out('prefixes')).toMatch(/\n\?2J: +1 /)
      expect((await mc(['keys', '-s', server])).out).toBe(`${key}\n`)
      await using _traffic = storing(client, key)
      expect(await out('watch', 'mutations', '-n', '1')).toContain('key=?2J:key ')
    })

    test('--sample takes a share', { tags }, async () => {
      const lines = (await mc(['keys', '-s', list, '--sample', '0.2'])).out.trim().split('\n')
      expect(lines.length).toBeGreaterThan(users * 0.1)
      expect(lines.length).toBeLessThan(users * 0.3)
      expect(await mc(['keys', '-s', list, '--sample', '2'])).toMatchObject({ exit: 2 })
    })

    test('a dead server is noted, and the others are counted', { tags }, async () => {
      const dead = await deadServer()
      const { exit, out, err } = await mc(['keys', 'page:*', '-s', `${list},${dead}`])
      expect({ exit, out }).toEqual({ exit: 3, out: 'page:home\n' })
      expect(err).toContain(`mc: ${dead}: connect ECONNREFUSED`)
      expect(await mc(['sizes', '-s', dead])).toMatchObject({ exit: 3 })
      expect((await mc(['sizes', '-s', servers[2]?.name as string])).err).toBe(
        'mc: there are no items\n',
      )
    })

    test('watch prints events as lines or JSON', { tags }, async () => {
      const server = servers[2]?.name as string
      onTestFinished(() => forget(server, 'watched'))
      await using client = new HashClient([server], { timeout: 30_000 })
      await using _traffic = storing(client, 'watched', { expire: 60 })
      const { exit, out } = await mc(['watch', 'mutations', '-s', server, '-n', '2'])
      expect(exit).toBe(0)
      expect(out).toMatch(
        /^\d\d:\d\d:\d\d\.\d{3} {2}127\S+ {2}item_store {2}key=watched .*status=stored/,
      )
      expect(await mcLines(['watch', 'mutations', '-s', server, '-n', '1'])).toEqual([
        expect.objectContaining({ server, type: 'item_store', key: 'watched', ttl: 60 }),
      ])
      expect(await mc(['watch', 'nothing', '-s', server])).toMatchObject({ exit: 2 })
    })
  },
)

test.each([
  ['user:*', 'user:1', true],
  ['user:*', 'a user:1', false],
  ['a.c', 'abc', false],
  ['[a-c]?', 'bé', true],
  ['[!a]', 'a', false],
  ['a\\b(c)', 'a\\b(c)', true],
  ['*', '', true],
])('the glob %j on %j is %j', (glob, text, expected) => {
  expect(globTest(glob)(text)).toBe(expected)
})

test('a server that makes a dump for somebody else is asked again', async () => {
  await using server = await MemcachedServer.start()
  const line = 'BUSY currently processing crawler request'
  server.inject({ kind: 'error', line, command: 'lru_crawler', times: 2 })
  await mc(['set', 'a', '1', '-s', server.name])
  expect(await mc(['keys', '-s', server.name])).toMatchObject({ exit: 0, out: 'a\n' })
  expect(server.commandCount('lru_crawler')).toBe(3)
})

test('prefixes beyond the limit are one', () => {
  const sums = new PrefixSums(':', 2, 2)
  for (const key of ['a:b:c', 'a:b:d', 'a:c', 'e:f:g', 'h:i:j']) sums.add(key, 10)
  expect(sums.largest).toEqual([
    { prefix: 'a:b:', count: 2, bytes: 20 },
    { prefix: '(others)', count: 2, bytes: 20 },
    { prefix: 'a:', count: 1, bytes: 10 },
  ])
})
