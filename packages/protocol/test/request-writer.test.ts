import { describe, expect, test } from 'vitest'
import { isTurn } from '../../../test-support/amounts.ts'
import { RequestWriter } from '../src/index.ts'
import { StoreCommand } from '../src/toolkit.ts'

function taken(out: RequestWriter): string {
  return Buffer.concat(out.take().pieces).toString('latin1')
}

describe('a writer that goes back', () => {
  const LARGE = Buffer.alloc(40_000, 'l')

  /** Writes that end in the slab, in a slab of its own, or in pieces of their own. */
  const writes: Readonly<Record<string, (out: RequestWriter) => unknown>> = {
    nothing: () => {},
    'a line': (out) => out.ascii('mg key v').crlf(),
    'a large value and its end': (out) =>
      out.ascii('set k').crlf().data(LARGE, LARGE.length).crlf(),
    'large text': (out) => out.data('é'.repeat(20_000), 40_000),
    'more than a slab': (out) => {
      for (let i = 0; i < 200; i++) out.ascii('x'.repeat(999))
    },
    'large values only': (out) => out.data(LARGE, LARGE.length).data(LARGE, LARGE.length),
  }

  test.each(Object.entries(writes))('forgets %s, and keeps what came before', (_, write) => {
    for (const before of Object.values(writes)) {
      const [expected, out] = [new RequestWriter(), new RequestWriter()]
      before(expected)
      before(out)
      const { length } = out
      write(out)
      out.truncate(length)
      expect(out.length).toBe(length)
      out.ascii('next').crlf()
      expected.ascii('next').crlf()
      expect(taken(out) === taken(expected)).toBe(true)
      expect(out.length).toBe(0)
    }
  })
})

test('text of one byte per character is written as it is, short or long, alone or as one of many keys', () => {
  for (let length = 1; length <= 250; length++) {
    const text = `\xe9${'k'.repeat(length - 1)}`
    const out = new RequestWriter()
    out.ascii(text).crlf()
    out.keys([text, 'key', text], 2 * length + 6).crlf()
    expect(taken(out)).toBe(`${text}\r\n ${text} key ${text}\r\n`)
  }
})

test('large bytes are passed as they are, or copied where that is asked for', () => {
  const value = Buffer.alloc(20_000, 'a')
  const out = new RequestWriter()
  out.data(value, value.length)
  out.copiesData = true
  out.data(value, value.length)
  value.fill('b')
  expect(taken(out)).toBe('b'.repeat(20_000) + 'a'.repeat(20_000))
})

describe('text of any length is stored as its UTF-8, with its length in bytes', {
  tags: ['long'],
}, () => {
  // Around the lengths from which text is encoded apart, counted first, and given memory of its own.
  const LENGTHS = [1, 5461, 16_383, 16_384, 16_385, 349_525, 349_526, 1_048_576, 1_048_577]
  const UNITS = ['a', 'é', '€', '😀', '\ud800', 'plain text, then ü']

  test.each(UNITS.filter((_, i) => isTurn(i, 3)))('of %o', (unit) => {
    const out = new RequestWriter()
    for (const copiesData of [false, true]) {
      out.copiesData = copiesData
      for (const length of LENGTHS) {
        const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
        new StoreCommand('set', 'key', 'before', 0, 0).write(out, 'text')
        new StoreCommand('set', 'key', text, 16, 0).write(out, 'text')
        new StoreCommand('set', 'key', `${text}!`, 16, 0).write(out, 'meta')
        const { pieces, release } = out.take()
        const requests = Buffer.concat(pieces)
          .toString('latin1')
          .replace(/ O\S+ F/, ' O F')
        release?.()
        const utf8 = Buffer.from(text).toString('latin1')
        const lines = [
          'set key 0 0 6',
          'before',
          `set key 16 0 ${utf8.length}`,
          utf8,
          `ms key ${Buffer.byteLength(`${text}!`)} O F16`,
          Buffer.from(`${text}!`).toString('latin1'),
          '',
        ]
        expect(requests === lines.join('\r\n')).toBe(true)
      }
    }
  })
})

test.each(['', 'a', 'aa', 'aaa'])(
  'text whose last characters do not fit a buffer is stored whole, behind %o',
  (start) => {
    const text = start + '😀'.repeat(262_145)
    const out = new RequestWriter()
    const encoded = out.encode(text)
    expect(Buffer.from(text).equals(encoded)).toBe(true)
  },
)
