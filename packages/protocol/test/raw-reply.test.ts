import { afterEach, describe, expect, test, vi } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { ReplyKind, ReplyParser } from '../src/index.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Counts the bytes that are copied meanwhile, by whatever way the parser has. */
function countCopies(work: () => void): number {
  let copied = 0
  const { copy } = Buffer.prototype
  vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...args) {
    const count = copy.apply(this, args)
    copied += count
    return count
  })
  const { concat } = Buffer
  vi.spyOn(Buffer, 'concat').mockImplementation((list, length) => {
    const whole = concat(list, length)
    copied += whole.length
    return whole
  })
  const { from } = Buffer
  vi.spyOn(Buffer, 'from').mockImplementation(((source: Uint8Array, ...rest: []) => {
    copied += source.length
    return from(source, ...rest)
  }) as typeof Buffer.from)
  work()
  vi.restoreAllMocks()
  return copied
}

/** Reads a raw reply that comes in pieces. */
function readRaw(parser: ReplyParser, reply: Buffer, piece: number, token: Buffer): boolean {
  for (let at = 0; at < reply.length; at += piece) {
    parser.push(reply.subarray(at, at + piece))
    if (parser.nextRaw(token)) return true
  }
  return false
}

describe('a raw reply', () => {
  const token = Buffer.from('END\r\n')

  test.each([
    ['many pieces of a socket', 8 * 1024 * 1024, 65_536],
    ['tiny pieces', 100_000, 7],
  ])('of %s has each byte copied a few times', (_, size, piece) => {
    const reply = Buffer.concat([Buffer.alloc(size, 'key=a\n'), token])
    const parser = new ReplyParser()
    const copied = countCopies(() => expect(readRaw(parser, reply, piece, token)).toBe(true))
    expect(parser.kind).toBe(ReplyKind.raw)
    expect(parser.data.equals(reply.subarray(0, size))).toBe(true)
    expect(copied).toBeLessThan(size * 6)
    expect(parser.isBetweenReplies).toBe(true)
  })

  test('so has a long line of tiny pieces', () => {
    const line = Buffer.from(`STAT name ${'x'.repeat(9000)}\r\n`)
    const parser = new ReplyParser()
    const copied = countCopies(() => {
      for (const byte of line) {
        parser.push(Buffer.of(byte))
        if (parser.next()) break
      }
    })
    expect(parser.kind).toBe(ReplyKind.stat)
    expect(parser.line).toHaveLength(line.length - 2)
    expect(copied).toBeLessThan(line.length * 6)
  })

  const readLong = (): void => {
    const reply = Buffer.concat([Buffer.alloc(128 * 1024 * 1024, 'key=a\n'), token])
    const start = performance.now()
    expect(readRaw(new ReplyParser(), reply, 65_536, token)).toBe(true)
    // It was 23 seconds.
    expect(performance.now() - start).toBeLessThan(10_000)
  }
  // Quick runs count copies only.
  if (isLong) test('of 128 MB is read in a moment', { tags: ['long'] }, readLong)

  test('is no larger than a value may be', () => {
    const parser = new ReplyParser({ maxValueLength: 100_000 })
    expect(readRaw(parser, Buffer.alloc(200_000, 'x'), 1000, token)).toBe(true)
    expect(parser.kind).toBe(ReplyKind.unknown)
    expect(parser.problem).toBe('the reply is too long')
  })

  test('is found however it and those around it are cut', () => {
    const stream = Buffer.from('HD\r\nfirst END\r\nERROR none\r\nEND\r\nVA 2\r\nhi\r\n')
    for (let piece = 1; piece <= stream.length; piece++) {
      const parser = new ReplyParser()
      const seen: string[] = []
      const steps = [
        () => parser.next() && seen.push(parser.line),
        () => parser.nextRaw(token) && seen.push(parser.data.toString()),
        () => parser.nextRaw(token) && seen.push(parser.line),
        () => parser.nextRaw(token) && seen.push(parser.data.toString()),
        () => parser.next() && seen.push(parser.data.toString()),
      ]
      for (let at = 0; at < stream.length; at += piece) {
        parser.push(stream.subarray(at, at + piece))
        while (steps[seen.length]?.()) if (seen.length === steps.length) break
      }
      expect(seen).toEqual(['HD', 'first ', 'ERROR none', '', 'hi'])
    }
  })
})
