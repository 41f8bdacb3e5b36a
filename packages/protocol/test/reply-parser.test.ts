import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { ReplyKind, ReplyParser } from '../src/index.ts'
import { GARBAGE, REPLIES, type ReplyFixture } from './reply-fixtures.ts'

interface Seen {
  readonly kind: ReplyKind
  readonly line: string
  readonly data: string | undefined
  readonly flags: number
  readonly opaque: number
}

const WITH_DATA: readonly ReplyKind[] = [ReplyKind.value, ReplyKind.va, ReplyKind.config]

/** Parses chunks out of a buffer that is overwritten afterwards, as a connection's is. */
function parse(chunks: Iterable<Buffer>): { replies: Seen[]; isBetweenReplies: boolean } {
  const parser = new ReplyParser()
  const replies: Seen[] = []
  for (const chunk of chunks) {
    const reused = Buffer.from(chunk)
    parser.push(reused)
    while (parser.next()) {
      const { kind, line, flags, opaque } = parser
      const data = WITH_DATA.includes(kind) ? parser.data.toString('latin1') : undefined
      replies.push({ kind, line, data, flags: data === undefined ? 0 : flags, opaque })
      if (kind === ReplyKind.unknown) return { replies, isBetweenReplies: false }
    }
    reused.fill('#')
  }
  return { replies, isBetweenReplies: parser.isBetweenReplies }
}

function* cut(bytes: Buffer, at: readonly number[]): Generator<Buffer> {
  let start = 0
  for (const end of [...new Set(at)].sort((a, b) => a - b)) {
    yield bytes.subarray(start, end)
    start = end
  }
  yield bytes.subarray(start)
}

const EACH_BYTE = (bytes: Buffer) => Array.from(bytes, (_, i) => i).slice(1)

describe('ReplyParser', () => {
  test.each(REPLIES.map((reply) => [reply.bytes.toString('latin1').slice(0, 60), reply] as const))(
    'recognises %j',
    (_, fixture: ReplyFixture) => {
      const { replies, isBetweenReplies } = parse([fixture.bytes])
      expect(replies).toHaveLength(1)
      const [reply] = replies
      expect(reply?.kind).toBe(fixture.kind)
      expect(reply?.data).toBe(fixture.data?.toString('latin1'))
      if (fixture.flags !== undefined) expect(reply?.flags).toBe(fixture.flags)
      if (fixture.opaque !== undefined) expect(reply?.opaque).toBe(fixture.opaque)
      expect(isBetweenReplies).toBe(true)
    },
  )

  test('reads every reply the same when it is split in two anywhere, or at every byte', () => {
    for (const { bytes } of REPLIES) {
      const whole = parse([bytes])
      for (let at = 1; at < bytes.length; at++) expect(parse(cut(bytes, [at]))).toEqual(whole)
      expect(parse(cut(bytes, EACH_BYTE(bytes)))).toEqual(whole)
    }
  })

  test('reads streams of replies the same however they are cut', { tags: ['long'] }, () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...REPLIES), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(600), { maxLength: 12 }),
        (fixtures, cuts) => {
          const bytes = Buffer.concat(fixtures.map((fixture) => fixture.bytes))
          const at = cuts.map((position) => position % bytes.length)
          const { replies, isBetweenReplies } = parse(cut(bytes, at))
          expect(replies.map((reply) => reply.kind)).toEqual(fixtures.map((reply) => reply.kind))
          expect(replies.map((reply) => reply.data)).toEqual(
            fixtures.map((reply) => reply.data?.toString('latin1')),
          )
          expect(isBetweenReplies).toBe(true)
        },
      ),
      { numRuns: runs(1000, 10_000), seed },
    )
  })

  test('reads values of any bytes and size the same however they are cut', {
    tags: ['long'],
  }, () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(340), { maxLength: 6 }),
        fc.boolean(),
        (value, cuts, isMeta) => {
          const header = isMeta ? `VA ${value.length} f3 O7` : `VALUE key 3 ${value.length}`
          const bytes = Buffer.concat([Buffer.from(`${header}\r\n`), value, Buffer.from('\r\n')])
          const { replies } = parse(
            cut(
              bytes,
              cuts.map((position) => position % bytes.length),
            ),
          )
          expect(replies).toEqual([
            {
              kind: isMeta ? ReplyKind.va : ReplyKind.value,
              line: header,
              data: Buffer.from(value).toString('latin1'),
              flags: 3,
              opaque: isMeta ? 7 : -1,
            },
          ])
        },
      ),
      { numRuns: runs(1000, 10_000), seed },
    )
  })

  test('reads a line that ends in CR LF as it reads one that ends in LF alone', () => {
    const word = fc.constantFrom('VA', 'HD', 'VALUE', 'EN', 'VAX', 'VALU', 'VALUES', 'VA5', 'HDO1')
    const tokens = fc.constantFrom(
      ...['0', '5', '05', '0000000005', '00000000005', '99999999999', '-5', '5x', 'key', ''],
      ...[
        'f',
        'f3',
        'f4294967295',
        'f00000000003',
        'f3x',
        'O',
        'O1',
        'O1bcd',
        'O1bcde',
        'O~',
        'W',
        't-1',
      ],
    )
    fc.assert(
      fc.property(word, fc.array(tokens, { maxLength: 4 }), (first, rest) => {
        const line = [first, ...rest].join(' ')
        const [crlf, lf] = ['\r\n', '\n'].map((end) =>
          parse([Buffer.from(`${line}${end}value\r\nEN\r\n`)]),
        )
        expect(crlf).toEqual(lf)
      }),
      { numRuns: runs(5000, 100_000), seed },
    )
  })

  describe('of values that come in several chunks', () => {
    const values = ['first', 'the second', '3rd'].map((text) => text.repeat(100))

    /** Reads each value in two chunks, and what `read` makes of it. */
    function readEach<T>(read: (parser: ReplyParser) => T): T[] {
      const parser = new ReplyParser()
      return values.map((value) => {
        parser.push(Buffer.from(`VA ${value.length}\r\n${value.slice(0, 5)}`))
        expect(parser.next()).toBe(false)
        parser.push(Buffer.from(`${value.slice(5)}\r\nHD\r\n`))
        expect(parser.next()).toBe(true)
        const seen = read(parser)
        expect(parser.next()).toBe(true)
        expect(parser.kind).toBe(ReplyKind.hd)
        return seen
      })
    }

    test('the data stays as it is when it is kept', () => {
      const kept = readEach((parser) => parser.data)
      expect(kept.map(String)).toEqual(values)
    })

    test('views lie in the same memory, which is given away with the first that is kept', () => {
      const [, second, third] = readEach((parser) => parser.dataView.buffer)
      expect(third).toBe(second)
      const parts = readEach(({ data, dataBuffer }) => [data.buffer, dataBuffer.buffer])
      expect(new Set(parts.flat()).size).toBe(values.length)
    })

    test('a small one that is kept does not keep the memory of a large one', () => {
      const [, , small] = readEach((parser) =>
        parser.size < 500 ? parser.data.buffer : parser.dataView.buffer,
      )
      const [, large] = readEach((parser) => parser.dataView.buffer)
      expect(small?.byteLength).not.toBe(large?.byteLength)
    })
  })

  test('has no opaque of an earlier reply', () => {
    const replies = 'VA 1 f0 O5\r\nx\r\nVALUE k 0 1\r\nx\r\nHD O6\r\nHD\r\nEND\r\n'
    const opaques = parse([Buffer.from(replies)]).replies.map(({ opaque }) => opaque)
    expect(opaques).toEqual([5, -1, 6, -1, -1])
  })

  test.each(GARBAGE)('calls %j unknown, and says why, however it is cut', (text) => {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at++) {
      const { replies } = parse(cut(bytes, at === 0 ? EACH_BYTE(bytes) : [at]))
      expect(replies.at(-1)?.kind).toBe(ReplyKind.unknown)
    }
    const parser = new ReplyParser()
    parser.push(bytes)
    parser.next()
    expect(parser.problem).not.toBe('')
  })

  test('never throws nor reads past its bytes on random input', { tags: ['long'] }, () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...REPLIES).map((reply) => reply.bytes),
      fc.constantFrom(...GARBAGE).map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.array(fc.nat(400)), (pieces, cuts) => {
        const bytes = Buffer.concat(pieces)
        const whole = parse([bytes])
        expect(
          parse(
            cut(
              bytes,
              cuts.map((at) => at % (bytes.length + 1)),
            ),
          ),
        ).toEqual(whole)
      }),
      { numRuns: runs(1000, 10_000), seed },
    )
  })

  test('refuses a line longer than the limit as soon as it is', () => {
    const parser = new ReplyParser({ maxLineLength: 100 })
    parser.push(Buffer.alloc(60, 'a'))
    expect(parser.next()).toBe(false)
    parser.push(Buffer.alloc(60, 'a'))
    expect(parser.next()).toBe(true)
    expect(parser.kind).toBe(ReplyKind.unknown)
    expect(parser.problem).toContain('too long')
  })

  test('refuses a value larger than the limit before any of it arrives', () => {
    const parser = new ReplyParser({ maxValueLength: 1000 })
    parser.push(Buffer.from('VA 1001 f0\r\n'))
    expect(parser.next()).toBe(true)
    expect(parser.kind).toBe(ReplyKind.unknown)
    expect(parser.problem).toContain('1001')
  })

  test('reads raw replies up to their token wherever it is cut', () => {
    const bytes = Buffer.from('VALUE k 0 1\r\nx\r\nEND\r\nSTORED\r\n')
    const token = Buffer.from('END\r\n')
    for (let at = 1; at < bytes.length; at++) {
      const parser = new ReplyParser()
      const chunks = [...cut(bytes, [at])]
      let isRaw = false
      for (const chunk of chunks) {
        parser.push(chunk)
        isRaw ||= parser.nextRaw(token)
      }
      expect(isRaw).toBe(true)
      expect(parser.kind).toBe(ReplyKind.raw)
      expect(parser.data.toString()).toBe('VALUE k 0 1\r\nx\r\n')
      expect(parser.next()).toBe(true)
      expect(parser.kind).toBe(ReplyKind.stored)
    }
  })

  test('recognises an error line in the place of a raw reply', () => {
    const parser = new ReplyParser()
    parser.push(Buffer.from('ERR'))
    expect(parser.nextRaw(Buffer.from('END\r\n'))).toBe(false)
    parser.push(Buffer.from('OR\r\n'))
    expect(parser.nextRaw(Buffer.from('END\r\n'))).toBe(true)
    expect(parser.kind).toBe(ReplyKind.error)
  })
})
