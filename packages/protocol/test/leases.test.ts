import { describe, expect, test } from 'vitest'
import { LeaseNumbers } from '../src/client/lease-numbers.ts'
import { LeaseCommand } from '../src/commands/lease.ts'
import { FillCommand, ReleaseCommand } from '../src/commands/lease-end.ts'
import type { Command, Dialect } from '../src/index.ts'
import { type Leased, ReplyParser, RequestWriter } from '../src/index.ts'
import { Peer } from '../src/toolkit.ts'

const serde = {
  serialize: (value: string) => ({ data: value, flags: 0 }),
  deserialize: (data: Buffer, flags: number) => `${data.toString()} of ${flags}`,
}

const text: Leased<string> = Object.freeze({}) as Leased<string>

function lease(refreshWithin = 0, lock?: string): LeaseCommand<string> {
  return new LeaseCommand({
    key: ['server', 'key'],
    wire: 'key',
    serde,
    seconds: 11,
    refreshWithin,
    lock,
    options: {},
    host: {
      leaseNumbers: new LeaseNumbers(),
      winInText: async () => text,
      onLostWin: () => {},
    },
  })
}

function written(
  command: Command<never> | Command,
  dialect: Dialect,
  peer = new Peer(false),
): string {
  const out = new RequestWriter()
  out.peer = peer
  command.write(out, dialect)
  return Buffer.concat(out.take().pieces).toString('latin1')
}

/** What the command settles to, when its reply comes in these pieces. */
async function answer<T>(command: Command<T>, pieces: readonly Buffer[]): Promise<T> {
  const settled = new Promise<T>((resolve, reject) => command.awaitedBy(resolve, reject))
  settled.catch(() => {})
  const parser = new ReplyParser()
  let isDone = false
  for (const piece of pieces) {
    parser.push(Buffer.from(piece))
    while (!isDone && parser.next()) isDone = command.read(parser)
  }
  expect(isDone && parser.isBetweenReplies).toBe(true)
  return settled
}

/** Asserts what comes of a reply, whole and cut at every byte. */
async function expectAnswer<T>(
  make: () => Command<T>,
  reply: string,
  expected: unknown,
): Promise<void> {
  const bytes = Buffer.from(reply)
  expect(await answer(make(), [bytes])).toEqual(expected)
  for (let at = 1; at < bytes.length; at++) {
    expect(await answer(make(), [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected)
  }
  expect(
    await answer(
      make(),
      [...bytes].map((byte) => Buffer.from([byte])),
    ),
  ).toEqual(expected)
}

describe('lease', () => {
  test('asks in both dialects', () => {
    expect(written(lease(), 'meta')).toBe('mg key v f O1 c N11 t\r\n')
    expect(written(lease(29), 'meta')).toBe('mg key v f O1 c N11 t R30\r\n')
    const numbered = /^mg key v f O1 c N11 t E([1-9]\d{18})\r\n$/
    expect(written(lease(), 'meta', new Peer(true))).toMatch(numbered)
    expect(written(lease(), 'text')).toBe('gets key\r\n')
  })

  const peer = new Peer(false)
  const none = { won: false, alreadyWon: false, stale: false }
  const of = (kind: string, more: object) => ({
    ...{ key: ['server', 'key'], origin: peer, value: undefined, error: undefined },
    ...{ ...none, kind },
    ...more,
  })
  test.each<[string, Dialect, string, object]>([
    [
      'a value',
      'meta',
      'VA 1 f16 c77 t30 O1\r\na\r\n',
      of('value', { value: 'a of 16', cas: '77', ttl: 30 }),
    ],
    [
      'one for ever',
      'meta',
      'VA 1 f0 c7 t-1 O1\r\na\r\n',
      of('value', { value: 'a of 0', cas: '7', ttl: Number.POSITIVE_INFINITY }),
    ],
    [
      'one that is won',
      'meta',
      'VA 1 f0 c7 t0 O1 W\r\na\r\n',
      of('value', { value: 'a of 0', cas: '7', ttl: 0, won: true }),
    ],
    [
      'a stale one',
      'meta',
      'VA 1 f0 c7 t5 O1 X W\r\na\r\n',
      of('value', { value: 'a of 0', cas: '7', ttl: 5, won: true, stale: true }),
    ],
    [
      'one of others',
      'meta',
      'VA 1 f0 c7 t5 O1 Z X\r\na\r\n',
      of('value', { value: 'a of 0', cas: '7', ttl: 5, alreadyWon: true, stale: true }),
    ],
    [
      'a large token',
      'meta',
      'VA 1 f0 c18446744073709551615 t5 O1\r\na\r\n',
      of('value', { value: 'a of 0', cas: '18446744073709551615', ttl: 5 }),
    ],
    [
      'a placeholder',
      'meta',
      'VA 0 f0 c7 t-1 O1 W\r\n\r\n',
      of('placeholder', { cas: '7', ttl: Number.POSITIVE_INFINITY, won: true }),
    ],
    [
      'one of another',
      'meta',
      'VA 0 f0 c7 t11 O1 Z\r\n\r\n',
      of('placeholder', { cas: '7', ttl: 11, alreadyWon: true }),
    ],
    [
      'empty bytes',
      'meta',
      'VA 0 f1835206656 c7 t11 O1 Z\r\n\r\n',
      of('value', { value: ' of 0', cas: '7', ttl: 11, alreadyWon: true }),
    ],
    [
      'empty bytes of others',
      'meta',
      'VA 0 f0 c7 t11 O1\r\n\r\n',
      of('value', { value: ' of 0', cas: '7', ttl: 11 }),
    ],
    ['nothing', 'meta', 'VA 0 f1835205632 c7 t11 O1\r\n\r\n', of('nothing', { cas: '7', ttl: 11 })],
    [
      'a lock of text',
      'meta',
      'VA 3 f1835207680 c7 t11 O1\r\n123\r\n',
      of('placeholder', { cas: '7', ttl: 11, alreadyWon: true }),
    ],
    [
      'no room for a placeholder',
      'meta',
      'EN\r\n',
      of('placeholder', { cas: undefined, ttl: undefined }),
    ],
    [
      'a value',
      'text',
      'VALUE key 16 1 7\r\na\r\nEND\r\n',
      of('value', { value: 'a of 16', cas: '7', ttl: undefined }),
    ],
    [
      'its own lock',
      'text',
      'VALUE key 1835207680 4 7\r\nmine\r\nEND\r\n',
      of('placeholder', { cas: '7', ttl: undefined, won: true }),
    ],
    [
      'the lock of another',
      'text',
      'VALUE key 1835207680 3 7\r\nhis\r\nEND\r\n',
      of('placeholder', { cas: '7', ttl: undefined, alreadyWon: true }),
    ],
    [
      'a placeholder of meta',
      'text',
      'VALUE key 0 0 7\r\n\r\nEND\r\n',
      of('placeholder', { cas: '7', ttl: undefined, alreadyWon: true }),
    ],
    ['a miss', 'text', 'END\r\n', text],
  ])('reads %s (%s)', async (_, dialect, reply, expected) => {
    const make = () => {
      const command = lease(0, 'mine')
      written(command, dialect, peer)
      return command
    }
    await expectAnswer(make, reply, expected)
  })

  test.each(['VA 1 f0 c7 t5 O2\r\na\r\n', 'VALUE key 0 1 7\r\na\r\n', 'END\r\n'])(
    'refuses the reply to another request: %j',
    async (reply) => {
      const command = lease()
      written(command, 'meta')
      await expect(answer(command, [Buffer.from(reply)])).rejects.toThrow('another request')
    },
  )
})

describe.each([
  [
    'fill',
    (it: { cas: string; origin: object | undefined }) =>
      new FillCommand(
        'key',
        { key: 'key', ...it },
        { data: 'ab', flags: 16, exptime: 60, number: '12' },
      ),
    'ms key 2 C7 F16 T60 O1\r\nab\r\n',
    'cas key 16 60 2 7\r\nab\r\n',
    'ms key 2 F16 T60 O1\r\nab\r\n',
    'set key 16 60 2\r\nab\r\n',
  ],
  [
    'release',
    (it: { cas: string; origin: object | undefined }) =>
      new ReleaseCommand('key', { key: 'key', ...it }, -1),
    'md key C7 O1\r\n',
    'cas key 0 -1 0 7\r\n\r\n',
    'md key O1\r\n',
    'delete key\r\n',
  ],
] as const)('%s', (name, make, meta, inText, metaPlain, textPlain) => {
  const peer = new Peer(false)

  test('is written for the token of its lease; without tokens it has no condition', () => {
    expect(written(make({ cas: '7', origin: peer }), 'meta', peer)).toBe(meta)
    expect(written(make({ cas: '7', origin: peer }), 'text', peer)).toBe(inText)
    expect(written(make({ cas: '0', origin: peer }), 'meta', peer)).toBe(metaPlain)
    expect(written(make({ cas: '0', origin: peer }), 'text', peer)).toBe(textPlain)
    if (name === 'fill') {
      const numbered = new Peer(true)
      expect(written(make({ cas: '7', origin: numbered }), 'meta', numbered)).toContain(
        ' E12 O1\r\n',
      )
    }
  })

  test.each<[string, boolean | undefined]>([
    ['HD O1\r\n', true],
    ['EX O1\r\n', false],
    ['NF O1\r\n', undefined],
    ['STORED\r\n', true],
    ['EXISTS\r\n', false],
    ['NOT_FOUND\r\n', undefined],
  ])('answers to %j %j', async (reply, expected) => {
    const create = () => {
      const command = make({ cas: '7', origin: peer })
      written(command, /O1/.test(reply) ? 'meta' : 'text', peer)
      return command as Command<boolean | undefined>
    }
    await expectAnswer(create, reply, expected)
  })

  test('sends nothing where its token may mean another item, unless that is a number of a client', async () => {
    const other = new Peer(false)
    const command = make({ cas: '7', origin: peer }) as Command<boolean | undefined>
    const settled = new Promise((resolve, reject) => command.awaitedBy(resolve, reject))
    expect(() => written(command, 'meta', other)).toThrow('the lease has ended')
    expect(await settled).toBeUndefined()
    const own = make({ cas: '1000000000100000000', origin: undefined })
    expect(written(own, 'meta', other)).toContain('C1000000000100000000')
  })
})

test('no two numbers of clients are the same', () => {
  const clients = Array.from({ length: 100 }, () => new LeaseNumbers())
  const numbers = clients.flatMap((client) => Array.from({ length: 100 }, () => client.next()))
  expect(new Set(numbers).size).toBe(10_000)
  for (const number of numbers) expect(number).toMatch(/^[1-9]\d{18}$/)
})
