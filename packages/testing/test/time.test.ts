import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemcachedServer } from '../src/index.ts'
import { RawConnection } from './support/raw-connection.ts'

const START = 1_700_000_000
let seconds = START
let server: MemcachedServer
let connection: RawConnection

beforeEach(async () => {
  seconds = START
  server = await MemcachedServer.start({ now: () => seconds * 1000 })
  connection = await RawConnection.open(server.name)
})
afterEach(() => server.stop())

const ask = (bytes: string): Promise<string> => connection.ask(bytes)

describe('time of an injected clock', () => {
  test('expires items whose seconds have passed', async () => {
    await ask('set a 0 10 1\r\n1\r\nset b 0 0 1\r\n1\r\n')
    seconds += 9
    expect(await ask('mg a t\r\nmg b t\r\n')).toBe('HD t1\r\nHD t-1\r\n')
    seconds += 1
    expect(await ask('mg a\r\nmg b\r\nadd a 0 0 1\r\n2\r\n')).toBe('EN\r\nHD\r\nSTORED\r\n')
  })

  test('reads more than 30 days as Unix time', async () => {
    await ask(
      `set a 0 2592000 1\r\n1\r\nset b 0 ${START + 10} 1\r\n1\r\nset c 0 2592001 1\r\n1\r\n`,
    )
    expect(await ask('mg a t\r\nmg b t\r\nmg c t\r\n')).toBe('HD t2592000\r\nHD t10\r\nEN\r\n')
    seconds += 10
    expect(await ask('mg b\r\n')).toBe('EN\r\n')
  })

  test('is set anew by touch, gat and mg with T, and kept by incr and append', async () => {
    await ask(
      'set a 0 10 1\r\n1\r\nset b 0 10 1\r\n1\r\nset c 0 10 1\r\n1\r\nset d 0 10 1\r\n1\r\n',
    )
    await ask('touch a 100\r\ngat 100 b\r\nmg c T100\r\nincr d 1\r\nappend d 0 0 1\r\n0\r\n')
    seconds += 10
    expect(await ask('get a b c d\r\n')).toBe(
      'VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n1\r\nVALUE c 0 1\r\n1\r\nEND\r\n',
    )
  })

  test('puts a flush off', async () => {
    await ask('set a 0 0 1\r\n1\r\nflush_all 10\r\nset b 0 0 1\r\n1\r\n')
    seconds += 8
    expect(await ask('mg a\r\n')).toBe('HD\r\n')
    seconds += 2
    await ask('set c 0 0 1\r\n1\r\n')
    expect(await ask('mg a\r\nmg b\r\nmg c\r\n')).toBe('EN\r\nEN\r\nHD\r\n')
  })

  test('does not bring back what an earlier flush took when a later one is put off', async () => {
    await ask('set a 0 0 1\r\n1\r\n')
    expect(await ask('flush_all\r\nflush_all 10\r\nmg a\r\n')).toBe('OK\r\nOK\r\nEN\r\n')
  })

  test('shows how long ago an item was used', async () => {
    await ask('set a 0 0 1\r\n1\r\n')
    seconds += 5
    expect(await ask('mg a l\r\nmg a l\r\nmg a l\r\n')).toBe('HD l5\r\nHD l5\r\nHD l0\r\n')
    expect(await ask('lru_crawler metadump all\r\n')).toBe(
      `key=a exp=-1 la=${START + 5} cas=1 fetch=yes cls=1 size=61\nEND\r\n`,
    )
  })

  test('lets another caller win when the winner has not come back', async () => {
    expect(await ask('mg a N30 t\r\nmg a N30 t\r\n')).toBe('HD t30 W\r\nHD t30 Z\r\n')
    seconds += 30
    expect(await ask('mg a N30\r\n')).toBe('HD W\r\n')
  })

  test('asks one caller to recache what has less time left than R', async () => {
    await ask('set a 0 100 1\r\n1\r\n')
    seconds += 69
    expect(await ask('mg a R30\r\n')).toBe('HD\r\n')
    seconds += 2
    expect(await ask('mg a R30 t\r\nmg a R30 t\r\n')).toBe('HD t29 W\r\nHD t29 Z\r\n')
  })

  test('keeps the time to live of a stale item', async () => {
    await ask('set a 0 100 1\r\n1\r\nmd a I T20\r\n')
    expect(await ask('mg a t\r\n')).toBe('HD t20 X W\r\n')
    seconds += 5
    expect(await ask('ms a 1 I C1 T500\r\n2\r\nmg a t v\r\n')).toBe('HD\r\nVA 1 t15 Z X\r\n2\r\n')
  })

  test('lets nobody else win while a placeholder lives, and a late store finds none', async () => {
    expect(await ask('mg a N30 c\r\n')).toBe('HD c1 W\r\n')
    seconds += 29
    expect(await ask('mg a N30 R60 t\r\n')).toBe('HD t1 Z\r\n')
    seconds += 1
    expect(await ask('ms a 1 C1 T60\r\n1\r\nmg a N30\r\nmg a N30\r\n')).toBe(
      'NF\r\nHD W\r\nHD Z\r\n',
    )
  })

  test('lets nobody win a second time by R before the item expires or is stored', async () => {
    await ask('ms a 1 T40\r\n1\r\n')
    seconds += 20
    expect(await ask('mg a R30\r\nmg a R30\r\n')).toBe('HD W\r\nHD Z\r\n')
    seconds += 19
    expect(await ask('mg a R30 t\r\n')).toBe('HD t1 Z\r\n')
    expect(await ask('ms a 1 T20\r\n2\r\nmg a R30 v\r\n')).toBe('HD\r\nVA 1 W\r\n2\r\n')
    seconds += 20
    expect(await ask('mg a N30 R30\r\n')).toBe('HD W\r\n')
  })

  test('lets R win in the first second that has less left, and never without a time to live', async () => {
    await ask('ms a 1 T40\r\n1\r\nms b 1\r\n1\r\n')
    seconds += 10
    expect(await ask('mg a R30 t\r\nmg b R30\r\n')).toBe('HD t30\r\nHD\r\n')
    seconds += 1
    expect(await ask('mg a R30 t\r\nmg b R30\r\n')).toBe('HD t29 W\r\nHD\r\n')
  })

  test('ends a stale item when T of md said, its winner having come back or not', async () => {
    await ask('ms a 1 T10\r\n1\r\nmd a I T30\r\n')
    seconds += 29
    expect(await ask('mg a v t\r\nmg a t\r\n')).toBe('VA 1 t1 X W\r\n1\r\nHD t1 Z X\r\n')
    seconds += 1
    expect(await ask('mg a\r\nmd a I\r\n')).toBe('EN\r\nNF\r\n')
  })

  test('prolongs placeholders and stale items by T, touch and gat', async () => {
    await ask('mg a N10\r\nms b 1\r\n1\r\nmd b I T10\r\nmg c N10\r\n')
    await ask('mg a T60\r\ntouch b 60\r\ngat 60 c\r\n')
    seconds += 59
    expect(await ask('mg a t\r\nmg b t\r\nmg c t\r\n')).toBe('HD t1 Z\r\nHD t1 X W\r\nHD t1 Z\r\n')
    seconds += 1
    expect(await ask('mg a\r\nmg b\r\nmg c\r\n')).toBe('EN\r\nEN\r\nEN\r\n')
  })

  test('reads N, R and T beyond 30 days as Unix time', async () => {
    expect(await ask(`mg a N${START + 10} t\r\n`)).toBe('HD t10 W\r\n')
    await ask('ms a 1 T10\r\n1\r\n')
    expect(await ask(`mg a R${START + 10}\r\nmg a R${START + 11}\r\n`)).toBe('HD\r\nHD W\r\n')
    expect(await ask(`md a I T${START + 20}\r\nmg a t\r\n`)).toBe('HD\r\nHD t20 X W\r\n')
  })

  test('ends what newer servers make by N of ms, and by md x', async () => {
    await using newer = await MemcachedServer.start({
      version: '1.6.45',
      now: () => seconds * 1000,
    })
    await using other = await RawConnection.open(newer.name)
    await other.ask('ms a 1 MA N10\r\n1\r\nms b 1 T60\r\n1\r\nmd b x I T10\r\n')
    seconds += 9
    expect(await other.ask('mg a v t\r\nmg b v t\r\n')).toBe('VA 1 t1\r\n1\r\nVA 0 t1 X W\r\n\r\n')
    seconds += 1
    expect(await other.ask('mg a\r\nmg b\r\n')).toBe('EN\r\nEN\r\n')
  })

  test('counts from the start of the server', async () => {
    seconds += 100
    expect(await ask('stats\r\n')).toMatch(
      new RegExp(`STAT uptime 102\r\nSTAT time ${START + 100}\r\n`),
    )
  })
})
