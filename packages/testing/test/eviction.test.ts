import { afterEach, describe, expect, test } from 'vitest'
import { MemcachedServer } from '../src/index.ts'
import { ask, statsOf } from './support/conversation.ts'

/** memcached counts 48 bytes of header, 8 of CAS, the key and its end, the value and its line end. */
const ITEM = 48 + 8 + 2 + 100 + 2
const set = (key: string): string => `set ${key} 0 0 100\r\n${'v'.repeat(100)}\r\n`

let server: MemcachedServer
afterEach(() => server.stop())

describe('at its memory limit', () => {
  test('the server evicts what was used least recently', async () => {
    server = await MemcachedServer.start({ memoryLimit: 3 * ITEM })
    await ask(server, set('a') + set('b') + set('c'))
    await ask(server, `get a\r\n${set('d')}`)
    expect(await ask(server, 'mg a k\r\nmg b k\r\nmg c k\r\nmg d k\r\n')).toBe(
      'HD ka\r\nEN kb\r\nHD kc\r\nHD kd\r\n',
    )
    const stats = await statsOf(server)
    expect(stats.get('evictions')).toBe('1')
    expect(stats.get('evicted_unfetched')).toBe('1')
    expect(stats.get('curr_items')).toBe('3')
    expect(stats.get('total_items')).toBe('4')
    expect(stats.get('bytes')).toBe(String(3 * ITEM))
    expect(stats.get('limit_maxbytes')).toBe(String(3 * ITEM))
  })

  test('a read without update does not save an item', async () => {
    server = await MemcachedServer.start({ memoryLimit: 2 * ITEM })
    await ask(server, `${set('a') + set('b')}mg a u\r\nme a\r\n${set('c')}`)
    expect(await ask(server, 'mg a k\r\nmg b k\r\n')).toBe('EN ka\r\nHD kb\r\n')
  })

  test('an item larger than the limit is refused, and takes the old value with it', async () => {
    server = await MemcachedServer.start({ memoryLimit: ITEM })
    await ask(server, set('a'))
    expect(await ask(server, `set a 0 0 101\r\n${'v'.repeat(101)}\r\nget a\r\n`)).toBe(
      'SERVER_ERROR out of memory storing object\r\nEND\r\n',
    )
    expect((await statsOf(server)).get('store_no_memory')).toBe('1')
  })

  test('the limit can be lowered', async () => {
    server = await MemcachedServer.start({ memoryLimit: 20_000_000 })
    for (let i = 0; i < 20; i++) {
      await ask(server, `set k${i} 0 0 900000\r\n${'v'.repeat(900_000)}\r\n`)
    }
    expect((await statsOf(server)).get('curr_items')).toBe('20')
    expect(await ask(server, 'cache_memlimit 8\r\n')).toBe('OK\r\n')
    const stats = await statsOf(server)
    expect(stats.get('curr_items')).toBe('9')
    expect(stats.get('limit_maxbytes')).toBe('8388608')
  })

  test('memory does not grow under churn', async () => {
    server = await MemcachedServer.start({ memoryLimit: 50 * ITEM })
    for (let round = 0; round < 10; round++) {
      await ask(server, Array.from({ length: 100 }, (_, i) => set(`${(i + round) % 10}`)).join(''))
      await ask(server, Array.from({ length: 26 }, (_, i) => set(letter(i))).join(''))
      await ask(server, Array.from({ length: 26 }, (_, i) => set(letter(i).toUpperCase())).join(''))
    }
    const stats = await statsOf(server)
    expect(stats.get('curr_items')).toBe('50')
    expect(stats.get('bytes')).toBe(String(50 * ITEM))
  })
})

function letter(i: number): string {
  return String.fromCharCode(97 + i)
}
