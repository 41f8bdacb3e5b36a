import { isAscii } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs, seed } from '../../../test-support/amounts.ts'
import { ReplyKind, ReplyParser } from '../src/index.ts'
import { GARBAGE, REPLIES } from './reply-fixtures.ts'

// What reads many values at once: a value by the key that is expected, and ASCII that is known for a whole chunk.

const KEYS = ['key', 'k', 'k'.repeat(250), 'other']

function value(key: string, data: string | Buffer): Buffer {
  const bytes = Buffer.from(data)
  const header = `VALUE ${key} 16 ${bytes.length}\r\n`
  return Buffer.concat([Buffer.from(header), bytes, Buffer.from('\r\n')])
}

const pieces = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...KEYS).map((key) => value(key, 'some data')) },
    fc.constantFrom(...KEYS).map((key) => value(key, 'é\0\r\n')),
    fc.constantFrom(...REPLIES).map(({ bytes }) => bytes),
    fc.constantFrom(...GARBAGE).map((text) => Buffer.from(text)),
    fc.constantFrom('VALUF key 0 1\r\nx\r\n', 'VAL', 'VALUE', 'VALUE key').map(Buffer.from),
  ),
  { maxLength: 8 },
)
const cuts = fc.array(fc.nat(400), { maxLength: 10 })

/** Copies of the bytes between the cuts, as a stream gives them. */
function chunksOf(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at.map((place) => place % (bytes.length + 1)), bytes.length]
  ends.sort((a, b) => a - b)
  return ends.map((end, i) => Buffer.from(bytes.subarray(ends[i - 1] ?? 0, end)))
}

interface Seen {
  readonly kind: ReplyKind
  readonly line: string
  readonly flags: number
  readonly data: string | undefined
}

/** All replies; before each `next()`, a value of one of these keys is asked for. */
function replies(chunks: readonly Buffer[], keys: readonly string[]): Seen[] {
  const parser = new ReplyParser()
  const seen: Seen[] = []
  for (const chunk of chunks) {
    parser.push(chunk)
    for (;;) {
      const key = keys.find((it) => parser.nextValueOf(it))
      if (key !== undefined) {
        expect(parser.kind).toBe(ReplyKind.value)
        expect(parser.hasKey(key)).toBe(true)
        expect(parser.opaque).toBe(-1)
      } else if (!parser.next()) break
      const { kind, line, flags } = parser
      const hasData = kind === ReplyKind.value || kind === ReplyKind.va
      const data = hasData ? parser.data.toString('latin1') : undefined
      seen.push({ kind, line, flags: hasData ? flags : 0, data })
      if (kind === ReplyKind.unknown) return seen
    }
    chunk.fill('#')
  }
  return seen
}

describe('nextValueOf', () => {
  test('reads what next reads, or nothing, however the stream is cut', { tags: ['long'] }, () => {
    fc.assert(
      fc.property(pieces, cuts, (parts, at) => {
        const bytes = Buffer.concat(parts)
        const expected = replies(chunksOf(bytes, at), [])
        expect(replies(chunksOf(bytes, at), KEYS)).toEqual(expected)
      }),
      { numRuns: runs(2000, 50_000), seed },
    )
  })

  test.each(['key', `${'long:'.repeat(49)}key`])(
    'reads the value of %s alone, and only when it is whole',
    (key) => {
      const bytes = value(key, 'some data')
      const whole = new ReplyParser()
      whole.push(bytes)
      const others = [key.slice(0, -1), `${key}1`, `${key.slice(0, -1)}x`, `x${key.slice(1)}`, '']
      for (const other of others) expect(whole.nextValueOf(other)).toBe(false)
      expect(whole.nextValueOf(key)).toBe(true)
      for (const other of others) expect(whole.hasKey(other)).toBe(false)
      expect(whole.hasKey(key)).toBe(true)
      expect(whole.dataView.toString()).toBe('some data')
      expect(whole.isBetweenReplies).toBe(true)
      for (let at = 0; at < bytes.length; at++) {
        const parser = new ReplyParser()
        parser.push(bytes.subarray(0, at))
        expect(parser.nextValueOf(key)).toBe(false)
        expect(parser.next()).toBe(false)
        parser.push(bytes.subarray(at))
        expect(parser.next()).toBe(true)
        expect(parser.dataView.toString()).toBe('some data')
      }
    },
  )

  test.each(['VALUX key 0 1\r\nx\r\n', 'VALUE key 0 1 2 3\r\nx\r\n', 'VALUE key 0 1\nx\r\n'])(
    'leaves %j to next',
    (text) => {
      const parser = new ReplyParser()
      parser.push(Buffer.from(text))
      expect(parser.nextValueOf('key')).toBe(false)
    },
  )
})

describe('isAscii', () => {
  test('is true for ASCII alone, however the stream is cut', { tags: ['long'] }, () => {
    const data = fc.constantFrom('', 'a', 'plain text', 'é', 'text\x7f', '\ufffd', 'z'.repeat(500))
    fc.assert(
      fc.property(fc.array(data, { maxLength: 12 }), cuts, (values, at) => {
        const parser = new ReplyParser()
        const read: string[] = []
        for (const chunk of chunksOf(Buffer.concat(values.map((it) => value('key', it))), at)) {
          parser.push(chunk)
          while (parser.next()) {
            if (parser.isAscii) expect(isAscii(parser.dataView)).toBe(true)
            read.push(parser.dataView.toString())
          }
          chunk.fill(0xff)
        }
        expect(read).toEqual(values)
      }),
      { numRuns: runs(1000, 20_000), seed },
    )
  })

  test('is known from the second value of a chunk on, and anew for each chunk', () => {
    const parser = new ReplyParser()
    const known = (...values: string[]): boolean[] => {
      parser.push(Buffer.concat(values.map((it) => value('key', it))))
      return values.map(() => parser.next() && parser.isAscii)
    }
    expect(known('a', 'b', 'c')).toEqual([false, true, true])
    expect(known('a', 'é', 'c')).toEqual([false, false, false])
    expect(known('a', 'b')).toEqual([false, true])
  })
})
