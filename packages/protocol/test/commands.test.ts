import { describe, expect, test } from 'vitest'
import {
  type Command,
  type Dialect,
  MetaCommand,
  type MetaRequest,
  RawCommand,
  ReplyParser,
  RequestWriter,
} from '../src/index.ts'
import {
  CounterCommand,
  DeleteCommand,
  GetCommand,
  GetManyCommand,
  MetaNoopCommand,
  OkCommand,
  QuitCommand,
  ShutdownCommand,
  StatsCommand,
  StoreCommand,
  TouchCommand,
  VersionCommand,
} from '../src/toolkit.ts'

const noResults = () => ({ results: new Map(), failed: new Map(), doubtful: [] })

const serde = {
  serialize: (value: string) => ({ data: value, flags: 0 }),
  deserialize: (data: Buffer) => data.toString(),
}

function bytesOf(command: Command<never> | Command, dialect: Dialect): string {
  const out = new RequestWriter()
  command.write(out, dialect)
  return Buffer.concat(out.take().pieces).toString('latin1')
}

/** What a command settles to when it reads the replies. */
async function answerTo<T>(
  command: Command<T>,
  replies: string,
  dialect: Dialect = 'text',
): Promise<T> {
  const settled = new Promise<T>((resolve, reject) => {
    command.awaitedBy(resolve, reject)
  })
  settled.catch(() => {})
  bytesOf(command, dialect)
  const parser = new ReplyParser({ server: 'host:1' })
  parser.push(Buffer.from(replies, 'latin1'))
  let isDone = false
  const { endToken } = command
  while (!isDone && (endToken ? parser.nextRaw(endToken) : parser.next())) {
    isDone = command.read(parser)
  }
  expect(isDone).toBe(true)
  expect(parser.isBetweenReplies).toBe(true)
  return settled
}

const get = (withCas = false, exptime?: number) =>
  new GetCommand('key', 'key', serde, withCas, undefined, exptime)
const store = (verb: 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas', cas?: string) =>
  new StoreCommand(verb, 'key', 'ünï', 5, 60, cas)

describe('requests', () => {
  const both: readonly (readonly [string, () => Command<never> | Command, string, string])[] = [
    ['get', () => get(), 'get key\r\n', 'mg key v f O1\r\n'],
    ['gets', () => get(true), 'gets key\r\n', 'mg key v f O1 c\r\n'],
    ['gat', () => get(false, 60), 'gat 60 key\r\n', 'mg key v f O1 T60\r\n'],
    ['gats', () => get(true, -1), 'gats -1 key\r\n', 'mg key v f O1 c T-1\r\n'],
    ['set', () => store('set'), 'set key 5 60 5\r\nünï\r\n', 'ms key 5 O1 F5 T60\r\nünï\r\n'],
    ['delete', () => new DeleteCommand('key'), 'delete key\r\n', 'md key O1\r\n'],
  ]
  test.each(both)('%s in both dialects', (_, make, text, meta) => {
    const latin1 = (expected: string) => Buffer.from(expected).toString('latin1')
    expect(bytesOf(make(), 'text')).toBe(latin1(text))
    expect(bytesOf(make(), 'meta')).toBe(latin1(meta))
  })

  const textOnly: readonly (readonly [string, () => Command<never> | Command, string])[] = [
    ['add', () => store('add'), 'add key 5 60 5\r\nünï\r\n'],
    ['replace', () => store('replace'), 'replace key 5 60 5\r\nünï\r\n'],
    ['append', () => store('append'), 'append key 5 60 5\r\nünï\r\n'],
    ['prepend', () => store('prepend'), 'prepend key 5 60 5\r\nünï\r\n'],
    ['cas', () => store('cas', '77'), 'cas key 5 60 5 77\r\nünï\r\n'],
    [
      'incr',
      () => new CounterCommand('incr', 'key', 18446744073709551615n),
      'incr key 18446744073709551615\r\n',
    ],
    ['decr', () => new CounterCommand('decr', 'key', 1), 'decr key 1\r\n'],
    ['touch', () => new TouchCommand('key', 60), 'touch key 60\r\n'],
    ['flush_all', () => new OkCommand('flush_all', 'flush_all 5'), 'flush_all 5\r\n'],
    ['version', () => new VersionCommand(), 'version\r\n'],
    ['stats', () => new StatsCommand(['cachedump', '1', '10']), 'stats cachedump 1 10\r\n'],
    ['shutdown', () => new ShutdownCommand(false), 'shutdown\r\n'],
    ['shutdown graceful', () => new ShutdownCommand(true), 'shutdown graceful\r\n'],
    ['quit', () => new QuitCommand(), 'quit\r\n'],
    ['mn', () => new MetaNoopCommand(), 'mn\r\n'],
    [
      'raw',
      () => new RawCommand('lru_crawler metadump all', Buffer.from('END')),
      'lru_crawler metadump all\r\n',
    ],
    [
      'getMany',
      () => new GetManyCommand(['a', 'b'], ['a', 'b'], serde, false, noResults()),
      'get a b\r\n',
    ],
    ['getsMany', () => new GetManyCommand(['a'], ['a'], serde, true, noResults()), 'gets a\r\n'],
  ]
  test.each(textOnly)('%s is the same in both dialects', (_, make, expected) => {
    for (const dialect of ['text', 'meta'] as const) {
      expect(bytesOf(make(), dialect)).toBe(Buffer.from(expected).toString('latin1'))
    }
  })

  const meta: readonly (readonly [MetaRequest, string])[] = [
    [
      {
        verb: 'mg',
        key: 'k',
        flags: [
          'v',
          'f',
          'c',
          't',
          's',
          'k',
          'Oq1',
          'l',
          'h',
          'u',
          'T60',
          'N30',
          'R10',
          'E5',
          'C7',
          'Pp',
          'Ll',
        ],
      },
      'mg k v f c t s k Oq1 l h u T60 N30 R10 E5 C7 Pp Ll\r\n',
    ],
    [
      {
        verb: 'ms',
        key: 'k',
        data: 'é',
        flags: ['F9', 'T60', 'C5', 'k', 'O1', 'c', 'I', 'MA', 'N30', 's', 'E5'],
      },
      'ms k 2 F9 T60 C5 k O1 c I MA N30 s E5\r\n\xc3\xa9\r\n',
    ],
    [{ verb: 'ms', key: 'k', data: Buffer.from([0, 13, 10]) }, 'ms k 3\r\n\0\r\n\r\n'],
    [{ verb: 'md', key: 'k', flags: ['I', 'T30', 'C5', 'x', 'k', 'O'] }, 'md k I T30 C5 x k O\r\n'],
    [
      { verb: 'ma', key: 'k', flags: ['N60', 'J10', 'D5', 'T30', 'MI', 't', 'c', 'v', 'k', 'C5'] },
      'ma k N60 J10 D5 T30 MI t c v k C5\r\n',
    ],
    [{ verb: 'mn' }, 'mn\r\n'],
    [{ verb: 'me', key: 'k' }, 'me k\r\n'],
    [{ verb: 'mg', key: 'a b\n', flags: ['v'] }, 'mg YSBiCg== v b\r\n'],
    [{ verb: 'me', key: '\0' }, 'me AA== b\r\n'],
    [{ verb: 'mg', key: '\0'.repeat(186) }, `mg ${'A'.repeat(248)} b\r\n`],
  ]
  test.each(meta)('%j', (request, expected) => {
    expect(bytesOf(new MetaCommand(request), 'meta')).toBe(expected)
  })

  const illegal: readonly MetaRequest[] = [
    { verb: 'mg' },
    { verb: 'mn', key: 'k' },
    { verb: 'ms', key: 'k' },
    { verb: 'mg', key: 'k', data: 'x' },
    { verb: 'mg', key: '' },
    { verb: 'mg', key: 'k'.repeat(251) },
    { verb: 'mg', key: '\0'.repeat(187) },
    { verb: 'mg', key: 'k', flags: ['v', 'v'] },
    { verb: 'mg', key: 'k', flags: ['q'] },
    { verb: 'mg', key: 'k', flags: ['b'] },
    { verb: 'mg', key: 'k', flags: ['v f'] },
    { verb: 'mg', key: 'k', flags: [''] },
    { verb: 'mg', key: 'k', flags: ['v\r\nflush_all'] },
    { verb: 'mg', key: 'k', flags: [`O${'o'.repeat(32)}`] },
    { verb: 'mg', key: 'k', flags: 'abcdefghijklmnoprstuvw'.split('').filter((c) => c !== 'b') },
  ]
  test.each(illegal)('%j is refused', (request) => {
    expect(() => new MetaCommand(request)).toThrow(
      expect.objectContaining({ code: 'MEMCACHE_ILLEGAL_INPUT' }),
    )
  })

  test('values that are large go out as they are, in pieces that join to the request', () => {
    const value = Buffer.alloc(100_000, 'v')
    const out = new RequestWriter()
    new StoreCommand('set', 'large', value, 0, 0).write(out, 'text')
    new VersionCommand().write(out, 'text')
    expect(out.length).toBe(100_000 + 'set large 0 0 100000\r\n\r\nversion\r\n'.length)
    const { pieces } = out.take()
    expect(pieces.some(({ buffer }) => buffer === value.buffer)).toBe(true)
    const text = Buffer.concat(pieces).toString()
    expect(text).toBe(`set large 0 0 100000\r\n${value}\r\nversion\r\n`)
    expect(out.length).toBe(0)
  })
})

describe('replies', () => {
  test('to storage commands', async () => {
    for (const verb of ['set', 'add', 'replace', 'append', 'prepend'] as const) {
      expect(await answerTo(store(verb), 'STORED\r\n')).toBe(true)
      expect(await answerTo(store(verb), 'NOT_STORED\r\n')).toBe(false)
      for (const reply of ['EXISTS\r\n', 'NOT_FOUND\r\n', 'OK\r\n']) {
        await expect(answerTo(store(verb), reply)).rejects.toMatchObject({
          code: 'MEMCACHE_UNKNOWN',
        })
      }
    }
    expect(await answerTo(store('cas', '1'), 'STORED\r\n')).toBe(true)
    expect(await answerTo(store('cas', '1'), 'EXISTS\r\n')).toBe(false)
    expect(await answerTo(store('cas', '1'), 'NOT_FOUND\r\n')).toBeUndefined()
    await expect(answerTo(store('cas', '1'), 'NOT_STORED\r\n')).rejects.toThrow('NOT_STORED')
    expect(await answerTo(store('set'), 'HD O1\r\n', 'meta')).toBe(true)
    expect(await answerTo(store('set'), 'NS O1\r\n', 'meta')).toBe(false)
  })

  test('to retrievals', async () => {
    expect(await answerTo(get(), 'VALUE key 0 3\r\nabc\r\nEND\r\n')).toBe('abc')
    expect(await answerTo(get(), 'END\r\n')).toBeUndefined()
    expect(await answerTo(get(true), 'VALUE key 0 1 9\r\nx\r\nEND\r\n')).toEqual({
      value: 'x',
      cas: '9',
    })
    expect(await answerTo(get(), 'VA 3 f0 O1\r\nabc\r\n', 'meta')).toBe('abc')
    expect(await answerTo(get(true), 'VA 1 f0 c9 O1\r\nx\r\n', 'meta')).toEqual({
      value: 'x',
      cas: '9',
    })
    expect(await answerTo(get(), 'EN\r\n', 'meta')).toBeUndefined()
    for (const reply of ['OK\r\n', 'VALUE other 0 1\r\nx\r\nEND\r\n', 'EN\r\n']) {
      await expect(answerTo(get(), reply)).rejects.toMatchObject({ code: 'MEMCACHE_UNKNOWN' })
    }
    await expect(answerTo(get(true), 'VALUE key 0 1\r\nx\r\nEND\r\n')).rejects.toThrow()
  })

  test('an empty placeholder of somebody’s lease is a miss, a stale value is a value', async () => {
    for (const flag of ['W', 'Z']) {
      expect(await answerTo(get(), `VA 0 f0 O1 ${flag}\r\n\r\n`, 'meta')).toBeUndefined()
    }
    expect(await answerTo(get(), 'VA 0 f0 O1\r\n\r\n', 'meta')).toBe('')
    expect(await answerTo(get(), 'VA 3 f0 O1 X Z\r\nold\r\n', 'meta')).toBe('old')
  })

  test('to many keys in their order, in another, and with duplicates', async () => {
    const item = (key: string) => `VALUE ${key} 0 1\r\n${key}\r\n`
    for (const order of [['a', 'c', 'a'], ['c', 'a'], []]) {
      const results = new Map<string | Uint8Array, unknown>()
      const command = new GetManyCommand(['a', 'b', 'c', 'a'], ['a', 'b', 'c', 'a'], serde, false, {
        results,
        failed: new Map(),
        doubtful: [],
      })
      await answerTo(command, `${order.map(item).join('')}END\r\n`)
      expect([...results]).toEqual([...new Set(order)].map((key) => [key, key]))
    }
  })

  test('to counters', async () => {
    const incr = (big: boolean) => new CounterCommand('incr', 'key', big ? 1n : 1)
    expect(await answerTo(incr(false), '5\r\n')).toBe(5)
    expect(await answerTo(incr(false), '5  \r\n')).toBe(5)
    expect(await answerTo(incr(true), '18446744073709551615\r\n')).toBe(2n ** 64n - 1n)
    expect(await answerTo(incr(false), 'NOT_FOUND\r\n')).toBeUndefined()
    await expect(answerTo(incr(false), '9007199254740992\r\n')).rejects.toMatchObject({
      code: 'MEMCACHE_COUNTER_RANGE',
      value: 9007199254740992n,
    })
    await expect(answerTo(incr(false), 'abc\r\n')).rejects.toMatchObject({
      code: 'MEMCACHE_UNKNOWN',
    })
  })

  test('to delete, touch, flush_all, version, mn and stats', async () => {
    expect(await answerTo(new DeleteCommand('key'), 'DELETED\r\n')).toBe(true)
    expect(await answerTo(new DeleteCommand('key'), 'NOT_FOUND\r\n')).toBe(false)
    await expect(answerTo(new DeleteCommand('key'), 'WHAT\r\n')).rejects.toThrow()
    expect(await answerTo(new DeleteCommand('key'), 'HD O1\r\n', 'meta')).toBe(true)
    expect(await answerTo(new DeleteCommand('key'), 'NF O1\r\n', 'meta')).toBe(false)
    await expect(answerTo(new DeleteCommand('key'), 'HD O2\r\n', 'meta')).rejects.toThrow('another')
    expect(await answerTo(new TouchCommand('key', 1), 'TOUCHED\r\n')).toBe(true)
    expect(await answerTo(new TouchCommand('key', 1), 'NOT_FOUND\r\n')).toBe(false)
    expect(await answerTo(new OkCommand('flush_all', 'flush_all'), 'OK\r\n')).toBe(true)
    await expect(answerTo(new OkCommand('flush_all', 'flush_all'), 'FOO\r\n')).rejects.toThrow()
    expect(await answerTo(new VersionCommand(), 'VERSION 1.6.18\r\n')).toBe('1.6.18')
    expect(await answerTo(new VersionCommand(), 'VERSION\r\n')).toBe('')
    await expect(answerTo(new VersionCommand(), 'FOO\r\n')).rejects.toThrow()
    expect(await answerTo(new MetaNoopCommand(), 'MN\r\n')).toBe(true)
    expect(await answerTo(new MetaNoopCommand(), 'ERROR\r\n')).toBe(false)
    const stats =
      'STAT pid 5\r\nSTAT libevent 2.1 beta\r\nSTAT blank \r\nSTAT __proto__ 1\r\nEND\r\n'
    const answer = await answerTo(new StatsCommand([]), stats)
    expect(Object.entries(answer)).toEqual([
      ['pid', 5],
      ['libevent', '2.1 beta'],
      ['blank', ''],
      ['__proto__', 1],
    ])
  })

  test('that are errors name the server, the command and what the server said', async () => {
    await expect(answerTo(get(), 'SERVER_ERROR out of memory\r\n')).rejects.toMatchObject({
      message: 'get on host:1: out of memory',
      reason: 'out of memory',
      server: 'host:1',
      command: 'get',
    })
    await expect(
      answerTo(new TouchCommand('key', 1), 'ERROR: not today\r\n'),
    ).rejects.toMatchObject({
      code: 'MEMCACHE_UNKNOWN_COMMAND',
      reason: 'not today',
    })
  })
})
