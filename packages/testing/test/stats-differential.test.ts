import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import { MemcachedServer, memcached, type TestServer } from '../src/index.ts'
import { ask, statsOf } from './support/conversation.ts'

describe('MemcachedServer and memcached', { tags: ['memcached'], ...skipOtherVersion }, () => {
  let embedded: TestServer
  let real: TestServer
  beforeAll(async () => {
    embedded = await MemcachedServer.start()
    real = await memcached.start()
    for (const server of [embedded, real]) {
      const value = 'v'.repeat(500)
      await ask(
        server,
        `set a 0 0 1\r\n1\r\nset b 0 0 500\r\n${value}\r\nget a\r\nget a b\r\nmg b v\r\n` +
          'touch a 0\r\ngat 0 b\r\nincr a 1\r\ndecr a 1\r\ncas a 0 0 1 1\r\n1\r\nget none\r\n' +
          `set c 0 0 500\r\n${value}\r\ndelete c\r\nappend a 0 0 1\r\n1\r\nms b 2\r\nhi\r\n`,
      )
    }
  })
  afterAll(() => Promise.all([embedded.stop(), real.stop()]))

  const both = async (read: (server: TestServer) => Promise<unknown>) => {
    const [ours, theirs] = await Promise.all([read(embedded), read(real)])
    expect(ours).toEqual(theirs)
  }

  test.each(['', 'settings', 'items', 'slabs', 'sizes', 'extstore'])(
    'have the same names in the same order in stats %s',
    (report) => both(async (server) => [...(await statsOf(server, report)).keys()]),
  )

  test('have the same names in stats conns, whichever numbers the connections have', () =>
    both(async (server) => {
      // A connection that was closed just now may still be listed.
      const names = [...(await statsOf(server, 'conns')).keys()]
      return [...new Set(names.map((name) => name.replace(/^\d+:/, '')))].sort()
    }))

  test('count the same by slab class', () =>
    both(async (server) => [...(await statsOf(server, 'slabs'))]))
})
