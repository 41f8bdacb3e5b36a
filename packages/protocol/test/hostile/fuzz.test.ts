import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../../../test-support/amounts.ts'
import {
  type Command,
  CounterCommand,
  DeleteCommand,
  GetCommand,
  GetLine,
  GetManyCommand,
  MemcacheError,
  MetaCommand,
  MetaNoopCommand,
  OkCommand,
  RawCommand,
  ReplyKind,
  ReplyParser,
  RequestParser,
  RequestWriter,
  StatsCommand,
  StoreCommand,
  TouchCommand,
  VersionCommand,
} from '../../src/index.ts'
import { GARBAGE, REPLIES } from '../reply-fixtures.ts'
import { mutated, pieces, type Random, randomFrom } from './mutation.ts'

const RUNS = runs(5000, 50_000)
const TIMEOUT = 30_000 + RUNS

/** What a parser may keep, in bytes; inputs announce more. */
const LIMIT = 10_000

const serde = {
  serialize: (value: unknown) => ({ data: String(value), flags: 0 }),
  deserialize: (data: Buffer) => data.toString('latin1'),
}

/** Every kind of command, in both dialects where there are two. */
const COMMANDS: readonly (() => Command)[] = [
  ...(['text', 'meta'] as const).flatMap((dialect) =>
    [
      () => new GetCommand('key', 'key', serde, false, undefined),
      () => new GetCommand('key', 'key', serde, true, undefined),
      () => new GetCommand('key', 'key', serde, true, undefined, 60),
      () => new StoreCommand('set', 'key', 'value', 0, 0),
      () => new StoreCommand('cas', 'key', 'value', 0, 0, '1'),
      () => new DeleteCommand('key'),
    ].map((make) => (): Command => written(make(), dialect)),
  ),
  () => {
    const [first, second] = ['k', 'key'].map(
      (key) => new GetCommand(key, key, serde, false, undefined),
    )
    const line = new GetLine()
    line.add(first as GetCommand<unknown, unknown, unknown>, 1)
    line.add(second as GetCommand<unknown, unknown, unknown>, 3)
    line.write(new RequestWriter())
    return first as Command
  },
  () => new GetManyCommand(['k', 'key'], ['k', 'key'], serde, false, new Map(), new Map()),
  () => new GetManyCommand(['k', 'key'], ['k', 'key'], serde, true, new Map(), new Map()),
  () => new CounterCommand('incr', 'key', 1),
  () => new CounterCommand('decr', 'key', 1n),
  () => new TouchCommand('key', 60),
  () => new OkCommand('flush_all', 'flush_all'),
  () => new VersionCommand(),
  () => new MetaNoopCommand(),
  () => new StatsCommand([]),
  () => new MetaCommand({ verb: 'mg', key: 'key', flags: ['v', 'k', 'O1'] }),
  () => new MetaCommand({ verb: 'me', key: 'key' }),
  () => new RawCommand('anything', 'END\r\n'),
]

function written(command: Command, dialect: 'text' | 'meta'): Command {
  command.write(new RequestWriter(), dialect)
  return command
}

/** Runs `check` on mutated inputs; what it throws is told with what repeats it. */
function fuzz(samples: readonly Buffer[], check: (input: Buffer, random: Random) => void): void {
  const random = randomFrom(seed)
  const before = process.memoryUsage().arrayBuffers
  for (let run = 0; run < RUNS; run++) {
    const input = mutated(samples, random)
    try {
      check(input, random)
    } catch (cause) {
      const text = JSON.stringify(input.toString('latin1'))
      throw new Error(`MC_SEED=${seed}, run ${run}, input ${text}`, { cause })
    }
    if (run % 1000 === 0) {
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1024 ** 2)
    }
  }
}

/** Replies as the kinds and texts that they are; each command settles typed or not at all. */
function readReplies(chunks: readonly Buffer[], makeCommand?: () => Command): string[] {
  const parser = new ReplyParser({ maxLineLength: LIMIT, maxValueLength: LIMIT })
  const seen: string[] = []
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  let command = makeCommand?.()
  for (const chunk of chunks) {
    parser.push(chunk)
    while (command?.endToken === undefined ? parser.next() : parser.nextRaw(command.endToken)) {
      // Every reply but the last has bytes of its own, or this would never end.
      if (seen.length > length) throw new Error('replies without end')
      seen.push(`${parser.kind} ${parser.line} ${parser.text} ${parser.word(1)} ${parser.opaque}`)
      if (parser.kind === ReplyKind.unknown) return seen
      if (hasData(parser.kind)) seen.push(parser.data.toString('latin1'))
      if (command === undefined) continue
      try {
        if (command.read(parser)) command = makeCommand?.()
      } catch (error) {
        if (error instanceof MemcacheError) return seen
        throw error
      }
    }
    // As a connection does, which reads into one buffer again and again.
    chunk.fill(35)
  }
  return seen
}

function hasData(kind: ReplyKind): boolean {
  return ([ReplyKind.value, ReplyKind.va, ReplyKind.config] as ReplyKind[]).includes(kind)
}

describe(`${RUNS} mutated inputs`, { tags: ['long'] }, () => {
  const replies = [
    ...REPLIES.map(({ bytes }) => bytes),
    ...GARBAGE.map((text) => Buffer.from(text)),
  ]

  test(
    'never make the reply parser throw, hang, or see another reply for where they are cut',
    () => {
      let known = 0
      fuzz(replies, (input, random) => {
        const whole = readReplies([Buffer.from(input)])
        expect(readReplies(pieces(input, random))).toEqual(whole)
        known += whole.length
      })
      expect(known).toBeGreaterThan(RUNS)
    },
    TIMEOUT,
  )

  test(
    'settle every command with an answer or a typed error, or break it off with one',
    () => {
      let settled = 0
      let rejected = 0
      fuzz(replies, (input, random) => {
        const make = COMMANDS[random(COMMANDS.length)] ?? expect.unreachable()
        readReplies(pieces(input, random), () => {
          const command = make()
          command.resolve = () => settled++
          command.reject = (error) => {
            expect(error).toBeInstanceOf(MemcacheError)
            rejected++
          }
          return command
        })
      })
      expect(settled).toBeGreaterThan(RUNS / 100)
      expect(rejected).toBeGreaterThan(RUNS / 100)
    },
    TIMEOUT,
  )

  test.each([false, true])(
    'never make the request parser throw or hang, with authentication: %s',
    (authentication) => {
      let requests = 0
      fuzz(REQUESTS, (input, random) => {
        const parser = new RequestParser({ maxDataLength: LIMIT, authentication })
        let count = 0
        for (const piece of pieces(input, random)) {
          parser.push(piece)
          for (let next = parser.next(); next !== undefined; next = parser.next()) {
            if (++count > input.length + 1) throw new Error('requests without end')
            if (next.command === 'authenticate') parser.authenticated()
            if ('data' in next) expect(next.data?.length ?? 0).toBeLessThanOrEqual(LIMIT)
          }
        }
        requests += count
      })
      expect(requests).toBeGreaterThan(RUNS / 10)
    },
    TIMEOUT,
  )
})

const REQUESTS: readonly Buffer[] = [
  'get a\r\n',
  'gets a b c\r\n',
  'gat 60 a b\r\n',
  'gats 0 a\r\n',
  'set key 16 0 5\r\nhello\r\n',
  'add key 0 60 0 noreply\r\n\r\n',
  'replace key 4294967295 -1 2\r\n\r\n\r\n',
  'append key 0 0 1\r\nx\r\n',
  'prepend key 0 0 1\r\nx\r\n',
  'cas key 0 0 1 18446744073709551615\r\nx\r\n',
  'set auth 0 0 11\r\nalice wonder\r\n',
  'incr n 1\r\n',
  'decr n 18446744073709551615 noreply\r\n',
  'touch key 100\r\n',
  'delete key\r\n',
  'delete key 0 noreply\r\n',
  'flush_all 10 noreply\r\n',
  'stats items\r\n',
  'stats detail on\r\n',
  'version\r\n',
  'verbosity 1\r\n',
  'cache_memlimit 64\r\n',
  'shutdown graceful\r\n',
  'quit\r\n',
  'mn\r\n',
  'me key\r\n',
  'mg key v f c k O123 t T30 N60 q\r\n',
  'mg Zm9v b v k\r\n',
  'ms key 5 F16 T60 O1 I MS\r\nhello\r\n',
  'ms Zm9v 2 b\r\nhi\r\n',
  'md key q I T30\r\n',
  'ma key N0 J5 D2 v MD\r\n',
  'lru_crawler metadump all\r\n',
  'watch fetchers\r\n',
  'slabs reassign 1 2\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  `get ${'k'.repeat(250)} ${'l'.repeat(251)}\r\n`,
  `set ${'k'.repeat(2100)} 0 0 1\r\nx\r\n`,
].map((text) => Buffer.from(text, 'latin1'))
