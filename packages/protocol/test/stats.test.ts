import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplyParser, type StatValue } from '../src/index.ts'
import { StatsCommand, statValue } from '../src/toolkit.ts'

async function readStats(reply: string) {
  const command = new StatsCommand([])
  const parser = new ReplyParser()
  parser.push(Buffer.from(reply, 'latin1'))
  return new Promise((resolve, reject) => {
    command.awaitedBy(resolve, reject)
    while (parser.next() && !command.read(parser));
  })
}

describe('statValue', () => {
  it.each<[string, string, StatValue]>([
    ['pid', '6301', 6301],
    ['curr_items', '0', 0],
    ['temperature', '-5', -5],
    ['ext_item_age', '4294967295', 4294967295],
    ['bytes_read', '9007199254740991', 9007199254740991],
    ['bytes_read', '9007199254740992', 9007199254740992n],
    ['bytes_read', '18446744073709551615', 18446744073709551615n],
    ['version', '1.6.18', '1.6.18'],
    ['version', '2', '2'],
    ['inter', '10', '10'],
    ['inter', 'NULL', 'NULL'],
    ['stat_key_prefix', ':', ':'],
    ['stat_key_prefix', '1', '1'],
    ['domain_socket', 'on', 'on'],
    ['libevent', '2.1.12-stable', '2.1.12-stable'],
    ['rusage_user', '0.005964', 0.005964],
    ['rusage_system', '0:004000', 0.004],
    ['rusage_user', '12:000001', 12.000001],
    ['rusage_user', '12', 12],
    ['rusage_user', '1:2:3', '1:2:3'],
    ['growth_factor', '1.25', 1.25],
    ['growth_factor', '1e5', '1e5'],
    ['hot_max_factor', '0.20', '0.20'],
    ['umask', '777', 511],
    ['umask', '700', 448],
    ['umask', '0', 0],
    ['umask', '888', '888'],
    ['hash_is_expanding', '0', false],
    ['hash_is_expanding', '1', true],
    ['slab_reassign_running', '1', true],
    ['detail_enabled', 'yes', true],
    ['detail_enabled', '0', false],
    ['cas_enabled', 'no', false],
    ['cas_enabled', '1', true],
    ['maxconns_fast', 'yes', true],
    ['slab_reassign', 'on', true],
    ['slab_automove', '2', true],
    ['slab_automove', 'unknown', 'unknown'],
    ['auth_enabled_sasl', 'yes', true],
    ['auth_enabled_sasl', 'no', false],
    ['evictions', 'on', true],
    ['evictions', 'off', false],
    ['flush_enabled', 'yes', true],
    ['hash_algorithm', 'murmur3', 'murmur3'],
    ['ssl_min_version', 'tlsv1.2', 'tlsv1.2'],
    ['any', '', ''],
    ['any', ' ', ' '],
    ['any', '1e5', '1e5'],
    ['any', '0x10', '0x10'],
    ['any', '1_000', '1_000'],
    ['any', '+1', '+1'],
    ['any', ' 1', ' 1'],
    ['any', 'Infinity', 'Infinity'],
    ['any', 'YES', 'YES'],
    ['rusage_user', '', ''],
    ['umask', '', ''],
    ['hash_is_expanding', '', ''],
  ])('reads %s %j as %s', (name, text, value) => {
    expect(statValue(name, text)).toBe(value)
  })

  it('keeps every integer exact', () => {
    fc.assert(
      fc.property(fc.bigInt(), (integer) => {
        const value = statValue('any', integer.toString())
        expect(BigInt(value as number | bigint)).toBe(integer)
        expect(typeof value).toBe(Number.isSafeInteger(Number(integer)) ? 'number' : 'bigint')
      }),
    )
  })

  it('gives text that it does not convert as it came', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, text) => {
        const value = statValue(name, text)
        if (typeof value === 'string') expect(value).toBe(text)
      }),
    )
  })
})

describe('lines of statistics', () => {
  it('are split at the second space only', async () => {
    expect(
      await readStats(
        'STAT pid 7\r\nSTAT libevent 2.1.12 stable build\r\nSTAT blank \r\nSTAT bare\r\n' +
          'STAT items:1:number 3\r\nSTAT __proto__ 1\r\nEND\r\n',
      ),
    ).toEqual(
      Object.assign(Object.create(null), {
        pid: 7,
        libevent: '2.1.12 stable build',
        blank: '',
        bare: '',
        'items:1:number': 3,
        ['__proto__']: 1,
      }),
    )
  })

  it('give the rest of the line for each item of a cachedump', async () => {
    expect(
      await readStats('ITEM foo [5 b; 1700000000 s]\r\nITEM umask [1 b; 0 s]\r\nEND\r\n'),
    ).toEqual({ foo: '[5 b; 1700000000 s]', umask: '[1 b; 0 s]' })
  })

  it('give the counts of each prefix of a detail dump', async () => {
    expect(await readStats('PREFIX p get 1 hit 1 set 1 del 0\r\nEND\r\n')).toEqual({
      p: 'get 1 hit 1 set 1 del 0',
    })
  })

  it('may be none, when the reply is OK or RESET', async () => {
    expect(await readStats('OK\r\n')).toEqual({})
    expect(await readStats('RESET\r\n')).toEqual({})
  })
})
