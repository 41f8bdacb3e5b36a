import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemcachedServer } from '../src/index.ts'
import { ask, statsOf } from './support/conversation.ts'
import { RawConnection } from './support/raw-connection.ts'

let server: MemcachedServer
beforeEach(async () => {
  server = await MemcachedServer.start()
})
afterEach(() => server.stop())

describe('statistics', () => {
  test('count commands, hits and misses', async () => {
    await ask(
      server,
      'set n 0 0 1\r\n1\r\nget n m\r\nmg n\r\nincr n 1\r\nincr m 1\r\ndecr n 1\r\ndecr m 1\r\n' +
        'touch n 0\r\ngat 0 m\r\ncas n 0 0 1 1\r\n1\r\ncas n 0 0 1 4\r\n1\r\ncas m 0 0 1 1\r\n1\r\n' +
        'me n\r\ndelete n\r\ndelete n\r\nflush_all\r\nset k 0 0 1048517\r\n' +
        `${'v'.repeat(1_048_517)}\r\n`,
    )
    const stats = await statsOf(server)
    const counted = Object.fromEntries(
      [...stats].filter(([name]) => /^(cmd_|(get|incr|decr|delete|cas|touch|store)_)/.test(name)),
    )
    expect(counted).toEqual({
      cmd_get: '4',
      cmd_set: '4',
      cmd_flush: '1',
      cmd_touch: '2',
      cmd_meta: '1',
      get_hits: '2',
      get_misses: '2',
      get_expired: '0',
      get_flushed: '0',
      incr_hits: '1',
      incr_misses: '1',
      decr_hits: '1',
      decr_misses: '1',
      delete_hits: '1',
      delete_misses: '1',
      cas_hits: '0',
      cas_misses: '1',
      cas_badval: '2',
      touch_hits: '1',
      touch_misses: '1',
      store_too_large: '1',
      store_no_memory: '0',
    })
    expect(stats.get('bytes_read')).toMatch(/^104\d{4}$/)
    expect(Number(stats.get('bytes_written'))).toBeGreaterThan(100)
  })

  test('describe the server', async () => {
    const stats = await statsOf(server)
    expect(stats.get('pid')).toBe(String(process.pid))
    expect(stats.get('version')).toBe('1.6.18')
    expect(stats.get('pointer_size')).toBe('64')
    expect(stats.get('threads')).toBe('1')
    expect(stats.get('limit_maxbytes')).toBe('67108864')
    expect(Number(stats.get('time'))).toBeCloseTo(Date.now() / 1000, -1)
    expect(stats.get('rusage_user')).toMatch(/^\d+\.\d{6}$/)
  })

  test('count connections', async () => {
    const connection = await RawConnection.open(server.name)
    await connection.ask('mn\r\n')
    const stats = await statsOf(server)
    expect([stats.get('curr_connections'), stats.get('total_connections')]).toEqual(['2', '2'])
    const connections = await statsOf(server, 'conns')
    expect(connections.get('1:listen_addr')).toBe(`tcp:${server.name}`)
    expect(connections.get('1:addr')).toMatch(/^tcp:127\.0\.0\.1:\d+$/)
    await connection[Symbol.asyncDispose]()
  })

  test('start again at stats reset, but for what is there', async () => {
    await ask(server, 'set a 0 0 1\r\n1\r\nget a b\r\n')
    expect(await ask(server, 'stats reset\r\n')).toBe('RESET\r\n')
    const stats = await statsOf(server)
    expect([stats.get('cmd_get'), stats.get('get_misses'), stats.get('total_items')]).toEqual([
      '1',
      '1',
      '0',
    ])
    expect(stats.get('curr_items')).toBe('1')
  })

  test('show settings', async () => {
    await ask(server, 'verbosity 2\r\nstats detail on\r\n')
    const settings = await statsOf(server, 'settings')
    expect(settings.get('tcpport')).toBe(String(server.port))
    expect(settings.get('item_size_max')).toBe('1048576')
    expect(settings.get('maxbytes')).toBe('67108864')
    expect(settings.get('verbosity')).toBe('2')
    expect(settings.get('detail_enabled')).toBe('yes')
    expect(settings.get('cas_enabled')).toBe('yes')
    expect(settings.get('auth_enabled_ascii')).toBe('no')
  })

  test('show items and slabs by class', async () => {
    await ask(
      server,
      `set a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\nset c 0 0 500\r\n${'v'.repeat(500)}\r\n`,
    )
    const items = await statsOf(server, 'items')
    expect(items.get('items:1:number')).toBe('2')
    expect(items.get('items:1:mem_requested')).toBe('122')
    expect(items.get('items:9:number')).toBe('1')
    const slabs = await statsOf(server, 'slabs')
    expect(slabs.get('1:chunk_size')).toBe('96')
    expect(slabs.get('1:used_chunks')).toBe('2')
    expect(slabs.get('9:chunk_size')).toBe('600')
    expect(slabs.get('active_slabs')).toBe('2')
    expect(slabs.get('total_malloced')).toBe('2097152')
  })

  test('dump the keys of a class', async () => {
    await ask(server, 'set a 0 0 1\r\n1\r\nset b 0 2000000000 2\r\n12\r\nms Yw== 1 b\r\n3\r\n')
    expect(
      await ask(server, 'stats cachedump 1 0\r\nstats cachedump 1 1\r\nstats cachedump 2 0\r\n'),
    ).toBe(
      'ITEM b [2 b; 2000000000 s]\r\nITEM a [1 b; 0 s]\r\nEND\r\nITEM b [2 b; 2000000000 s]\r\nEND\r\nEND\r\n',
    )
    expect(
      await ask(server, 'stats cachedump 1\r\nstats cachedump x 0\r\nstats cachedump 64 0\r\n'),
    ).toBe(
      'CLIENT_ERROR bad command line\r\nCLIENT_ERROR bad command line format\r\nCLIENT_ERROR Illegal slab id\r\n',
    )
  })

  test('say that sizes are not kept, and refuse what is unknown', async () => {
    expect(await ask(server, 'stats sizes\r\nstats nothing\r\nstats detail x\r\n')).toBe(
      'STAT sizes_status disabled\r\nEND\r\nERROR\r\nCLIENT_ERROR usage: stats detail on|off|dump\r\n',
    )
  })
})

test('metadump encodes keys, and leaves out what has expired', async () => {
  await ask(server, 'set a/b 0 0 1\r\n1\r\nset c 0 -1 1\r\n1\r\n')
  expect(await ask(server, 'lru_crawler metadump hash\r\n')).toMatch(
    /^key=a%2Fb exp=-1 la=\d+ cas=1 fetch=no cls=1 size=63\nEND\r\n$/,
  )
  expect(await ask(server, 'lru_crawler metadump 2\r\n')).toBe('END\r\n')
})
