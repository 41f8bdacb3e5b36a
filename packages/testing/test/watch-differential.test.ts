import { describe, expect, test } from 'vitest'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import { MemcachedServer, type TestServer } from '../src/index.ts'
import { RawConnection } from './support/raw-connection.ts'
import { startPair, stopPair } from './support/server-pair.ts'

const REQUESTS = [
  'set foo 5 0 3\r\nabc\r\n',
  'get foo none\r\n',
  'gat 100 foo\r\n',
  'touch foo 50\r\ntouch none 5\r\n',
  'add foo 0 0 1\r\na\r\nadd new 0 10 1\r\na\r\n',
  'replace foo 0 0 1\r\nb\r\nreplace none 0 0 1\r\nb\r\n',
  'append foo 0 0 1\r\nb\r\nprepend foo 0 0 1\r\nb\r\nappend none 0 0 1\r\nb\r\n',
  'cas foo 0 0 1 99\r\nb\r\ncas none 0 0 1 99\r\nb\r\n',
  'delete foo\r\ndelete foo\r\n',
  'set n 0 0 1\r\n5\r\nincr n 1\r\nincr n 100\r\ndecr n 1\r\n',
  'mg n v\r\nmg Zm9v b v\r\nmg auto v N30\r\n',
  'ms Zv8= 3 b T60\r\nabc\r\nmg Zv8= b v\r\n',
  'ms foo 3 I\r\nabc\r\nms foo 3 ME\r\nabc\r\n',
  'ma n\r\nma counter N0 J3\r\nmd n\r\n',
  'set k%;x 0 0 1\r\na\r\nget k%;x\r\n',
]

const LAST = 'type=item_get key=last status=not_found'

/** What watchers of a server see of the requests, without times and numbers of connections. */
async function watched(server: TestServer): Promise<string[]> {
  await using watcher = await RawConnection.open(server.name)
  watcher.write('watch fetchers mutations\r\n')
  await watcher.until('OK\r\n')
  await using client = await RawConnection.open(server.name)
  for (const request of REQUESTS) await client.ask(request)
  client.write('get last\r\n')
  await client.until('END\r\n')
  const lines: string[] = []
  while (!lines.some((line) => line.includes(LAST))) {
    lines.push(...(await watcher.until('\n')).split('\n'))
  }
  return lines
    .map((line) => line.replace(/^ts=\S+ gid=\d+ /, '').replace(/cfd=\d+/, 'cfd=N'))
    .filter((line) => line !== '' && !line.includes('key=~mark~'))
}

describe('watch', () => {
  test('shows the same as memcached', { tags: ['memcached'], ...skipOtherVersion }, async () => {
    const pair = await startPair()
    try {
      const [ours, theirs] = await Promise.all([watched(pair.embedded), watched(pair.real)])
      expect(ours).toEqual(theirs)
      expect(theirs.length).toBeGreaterThan(REQUESTS.length)
    } finally {
      await stopPair(pair)
    }
  })

  test('shows evictions, connections and, of a later version, deletions', async () => {
    await using server = await MemcachedServer.start({
      memoryLimit: 200,
      version: '1.6.20',
      now: () => 1_700_000_000_250,
    })
    await using watcher = await RawConnection.open(server.name)
    watcher.write('watch evictions connevents deletions\r\n')
    await watcher.until('OK\r\n')
    const client = await RawConnection.open(server.name)
    await client.ask(
      `set a 0 0 9\r\n123456789\r\nset b 0 60 90\r\n${'b'.repeat(90)}\r\ndelete b\r\n`,
    )
    await client[Symbol.asyncDispose]()
    let seen = ''
    while (!seen.includes('conn_close')) seen += await watcher.until('\n')
    expect(seen.replaceAll('ts=1700000000.250000 ', '').replace(/rport=\d+/g, 'rport=N')).toBe(
      'gid=2 type=conn_new rip=127.0.0.1 rport=N transport=tcp cfd=2\n' +
        'gid=3 type=eviction key=a fetch=no ttl=-1 la=0 clsid=1 size=9\n' +
        'gid=4 type=deleted key=b cmd=delete clsid=3 size=90\n' +
        'gid=5 type=conn_close rip=127.0.0.1 rport=N transport=tcp reason=normal cfd=2\n',
    )
  })

  test('refuses what is no topic, deletions of an old version, and requests before it', async () => {
    await using server = await MemcachedServer.start()
    for (const request of ['watch nothing', 'watch deletions']) {
      await using connection = await RawConnection.open(server.name)
      expect(await connection.ask(`${request}\r\n`)).toBe('ERROR\r\n')
    }
  })
})

test('mgdump has requests for all items, from 1.6.19', async () => {
  await using server = await MemcachedServer.start({ version: '1.6.19' })
  await using connection = await RawConnection.open(server.name)
  await connection.ask('set a 0 0 1\r\n1\r\nms Zv8= 1 b\r\n1\r\nset gone 0 -1 1\r\n1\r\n')
  expect(await connection.ask('lru_crawler mgdump hash\r\n')).toBe('mg Zv8= b\r\nmg a\r\nEN\r\n')
})

test('dumps have flags from 1.6.24 and begin with OK from 1.6.43', async () => {
  await using server = await MemcachedServer.start({ version: '1.6.43' })
  await using connection = await RawConnection.open(server.name)
  await connection.ask('set a 16 0 1\r\n1\r\n')
  expect(await connection.ask('lru_crawler metadump hash\r\n')).toMatch(
    /^OK\r\nkey=a exp=-1 .* size=65 flags=16 \nEND\r\n$/,
  )
})
