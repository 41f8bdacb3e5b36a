import { describe, expect, test } from 'vitest'
import { runs } from '../../../../test-support/amounts.ts'
import { fuzz, pieces } from '../../../../test-support/mutation.ts'
import { LeaseNumbers } from '../../src/client/lease-numbers.ts'
import { LeaseCommand } from '../../src/commands/lease.ts'
import { FillCommand, ReleaseCommand } from '../../src/commands/lease-end.ts'
import {
  type Command,
  MemcacheError,
  MetaCommand,
  RawCommand,
  ReplyKind,
  ReplyParser,
  RequestWriter,
} from '../../src/index.ts'
import {
  CounterCommand,
  DeleteCommand,
  GetCommand,
  GetLine,
  GetManyCommand,
  MetaNoopCommand,
  OkCommand,
  StatsCommand,
  StoreCommand,
  TouchCommand,
  VersionCommand,
} from '../../src/toolkit.ts'
import { GARBAGE, REPLIES } from '../reply-fixtures.ts'

const RUNS = runs(2000, 50_000)
const TIMEOUT = 30_000 + RUNS

/** What a parser may keep, in bytes; inputs announce more. */
const LIMIT = 10_000

const noResults = () => ({ results: new Map(), failed: new Map(), doubtful: [] })

const serde = {
  serialize: (value: unknown) => ({ data: String(value), flags: 0 }),
  deserialize: (data: Buffer) => data.toString('latin1'),
}

const LEASE = { key: 'key', cas: '1234567890123456789', origin: undefined }

function lease(): Command {
  return new LeaseCommand({
    key: 'key',
    wire: 'key',
    serde,
    seconds: 10,
    refreshWithin: 5,
    lock: undefined,
    options: {},
    host: {
      leaseNumbers: new LeaseNumbers(),
      winInText: () => new Promise<never>(() => {}),
      onLostWin: () => {},
    },
  })
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
      () => lease(),
      () => new FillCommand('key', LEASE, { data: 'v', flags: 0, exptime: 0, number: '2' }),
      () => new ReleaseCommand('key', LEASE, -1),
    ].map((make) => (): Command => written(make(), dialect)),
  ),
  () => {
    const [first, second] = ['k', 'key'].map(
      (key) => new GetCommand(key, key, serde, false, undefined),
    )
    const line = new GetLine()
    line.add(first as GetCommand<unknown, unknown, unknown>)
    line.add(second as GetCommand<unknown, unknown, unknown>)
    line.write(new RequestWriter())
    return line
  },
  () => new GetManyCommand(['k', 'key'], ['k', 'key'], serde, false, noResults()),
  () => new GetManyCommand(['k', 'key'], ['k', 'key'], serde, true, noResults()),
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
      fuzz(replies, RUNS, (input, random) => {
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
      fuzz(replies, RUNS, (input, random) => {
        const make = COMMANDS[random(COMMANDS.length)] ?? expect.unreachable()
        readReplies(pieces(input, random), () => {
          const command = make()
          for (const one of command.members ?? [command]) {
            one.awaitedBy(
              () => settled++,
              (error) => {
                expect(error).toBeInstanceOf(MemcacheError)
                rejected++
              },
            )
          }
          return command
        })
      })
      expect(settled).toBeGreaterThan(RUNS / 100)
      expect(rejected).toBeGreaterThan(RUNS / 100)
    },
    TIMEOUT,
  )
})
