import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTurn, runs, seed } from '../../../../test-support/amounts.ts'
import {
  type ParsedRequest,
  RequestParser,
  type RequestParserOptions,
} from '../../src/protocol/index.ts'

const LONG_KEY = 'k'.repeat(251)
const BAD_FORMAT = 'CLIENT_ERROR bad command line format'

describe('RequestParser reads', () => {
  test.each([
    ['get a b', { command: 'get', keys: ['a', 'b'] }],
    ['gets a', { command: 'gets', keys: ['a'] }],
    ['bget a', { command: 'get', keys: ['a'] }],
    ['gat 10 a b', { command: 'gat', keys: ['a', 'b'], exptime: 10 }],
    ['gats -1 a', { command: 'gats', keys: ['a'], exptime: -1 }],
    ['gat 10', { command: 'gat', keys: [] }],
    ['delete a', { command: 'delete', key: 'a', noreply: false }],
    ['delete a 0 noreply', { command: 'delete', key: 'a', noreply: true }],
    ['incr a 18446744073709551615', { command: 'incr', delta: 18_446_744_073_709_551_615n }],
    ['decr a 1 noreply', { command: 'decr', key: 'a', delta: 1n, noreply: true }],
    ['touch a 4294967296', { command: 'touch', key: 'a', exptime: 0 }],
    ['flush_all 10 noreply', { command: 'flush_all', words: ['10', 'noreply'], noreply: true }],
    ['stats detail noreply', { command: 'stats', words: ['detail', 'noreply'], noreply: false }],
    ['version', { command: 'version', words: [] }],
    [' version  ', { command: 'version' }],
    ['get a\tb', { command: 'get', keys: ['a\tb'] }],
    ['get k\xe9y', { command: 'get', keys: ['k\xe9y'] }],
    ['get a\0b c', { command: 'get', keys: ['a'] }],
    ['mn whatever', { command: 'mn' }],
    ['me a', { command: 'me', key: 'a' }],
    ['me YWJj b', { command: 'me', key: 'abc' }],
    ['mg a', { command: 'mg', key: 'a', flags: expect.objectContaining({ tokens: [] }) }],
    [
      'mg YWJj b v q u N30 R5 T-1 Oxy',
      {
        command: 'mg',
        key: 'abc',
        flags: expect.objectContaining({
          tokens: ['b', 'v', 'q', 'u', 'N30', 'R5', 'T-1', 'Oxy'],
          binaryKey: true,
          value: true,
          quiet: true,
          noUpdate: true,
          vivify: 30,
          recache: 5,
          exptime: -1,
        }),
      },
    ],
    ['md a C5 I', { flags: expect.objectContaining({ cas: 5n, invalidate: true }) }],
    ['ma a', { flags: expect.objectContaining({ delta: 1n, initial: 0n, mode: '' }) }],
    ['ma a D7 J8 MD', { flags: expect.objectContaining({ delta: 7n, initial: 8n, mode: 'D' }) }],
  ])('%j', (line, request) => {
    expect(parse(`${line}\r\n`)).toMatchObject([request])
    expect(parse(`${line}\n`)).toMatchObject([request])
  })

  test.each([
    ['set a 5 60 3', { command: 'set', key: 'a', flags: 5, exptime: 60, cas: 0n, noreply: false }],
    ['add a 0 0 3 noreply', { command: 'add', noreply: true }],
    ['replace a 4294967297 0 3', { command: 'replace', flags: 1 }],
    ['append a 0 0 3 junk', { command: 'append', noreply: false }],
    ['prepend a 0 -1 3', { command: 'prepend', exptime: -1 }],
    ['cas a 0 0 3 7 noreply', { command: 'cas', cas: 7n, noreply: true }],
    ['ms a 3 F5 T60 MA', { command: 'ms', flags: expect.objectContaining({ clientFlags: 5 }) }],
  ])('%j and its payload', (line, request) => {
    const [first, second] = parse(`${line}\r\na\r\n\r\nversion\r\n`)
    expect(first).toMatchObject({ ...request, length: 3, data: Buffer.from('a\r\n') })
    expect(second).toMatchObject({ command: 'version' })
  })
})

describe('RequestParser refuses', () => {
  test.each([
    ['', 'ERROR'],
    ['x', 'ERROR'],
    ['nothing', 'ERROR'],
    ['GET a', 'ERROR'],
    ['mx a', 'ERROR'],
    ['get', 'ERROR'],
    ['gat x a', 'CLIENT_ERROR invalid exptime argument'],
    ['delete', 'ERROR'],
    ['delete a 5', `${BAD_FORMAT}.  Usage: delete <key> [noreply]`],
    [`delete ${LONG_KEY}`, BAD_FORMAT],
    ['incr a', 'ERROR'],
    ['incr a x', 'CLIENT_ERROR invalid numeric delta argument'],
    ['touch a x', 'CLIENT_ERROR invalid exptime argument'],
    ['verbosity', 'ERROR'],
    ['mg', 'ERROR'],
    [`mg ${LONG_KEY}`, BAD_FORMAT],
    ['mg a v v', 'CLIENT_ERROR duplicate flag'],
    ['mg a \xe9', 'CLIENT_ERROR duplicate flag'],
    ['mg a !', 'CLIENT_ERROR invalid flag'],
    ['mg a P 0', 'CLIENT_ERROR invalid flag'],
    ['mg a O -', 'CLIENT_ERROR invalid flag'],
    ['mg a Tx', 'CLIENT_ERROR bad token in command line format'],
    ['mg a Fx', BAD_FORMAT],
    ['mg a Tx Fx', 'CLIENT_ERROR bad token in command line format'],
    ['mg a Jx', 'CLIENT_ERROR invalid numeric initial value'],
    ['mg a Mxx', 'CLIENT_ERROR incorrect length for M token'],
    ['mg a b', 'CLIENT_ERROR error decoding key'],
    [`mg a${' v'.repeat(18)}`, 'CLIENT_ERROR options flags are too long'],
    [`md a${' v'.repeat(18)}`, 'CLIENT_ERROR options flags too long'],
    ['md a v v', 'CLIENT_ERROR invalid or duplicate flag'],
    ['ma a !', 'CLIENT_ERROR invalid or duplicate flag'],
    ['me', BAD_FORMAT],
    ['me a b', BAD_FORMAT],
  ])('%j', (line, reply) => {
    expect(parse(`${line}\r\n`)).toMatchObject([{ command: 'refused', reply, noreply: false }])
  })

  test.each([
    ['set k 0 0', 'ERROR'],
    ['set k 0 0 -1', BAD_FORMAT],
    ['set k 0 0 x', BAD_FORMAT],
    ['set k 0 0 2147483646', BAD_FORMAT],
    ['set k x 0 7', BAD_FORMAT],
    ['set k 0 x 7', BAD_FORMAT],
    ['cas k 0 0 7 x', BAD_FORMAT],
    [`set ${LONG_KEY} 0 0 7`, BAD_FORMAT],
    ['ms k', BAD_FORMAT],
    ['ms k x', BAD_FORMAT],
    ['ms k S7', BAD_FORMAT],
    [`ms ${LONG_KEY} 7`, BAD_FORMAT],
    [`ms k 7${' v'.repeat(17)}`, 'CLIENT_ERROR options flags too long'],
  ])('%j, and reads its payload as a command', (line, reply) => {
    expect(parse(`${line}\r\nversion\r\n`)).toMatchObject([
      { command: 'refused', reply },
      { command: 'version' },
    ])
  })

  test.each([
    ['ms k 7 !', 'CLIENT_ERROR invalid flag'],
    ['ms k 7 v v', 'CLIENT_ERROR duplicate flag'],
    ['ms k 7 Cx', 'CLIENT_ERROR bad token in command line format'],
    ['ms k 7 MX', 'CLIENT_ERROR invalid mode for ms M token'],
    ['ms k 7 b', 'CLIENT_ERROR error decoding key'],
    [`ms k 7 O${'o'.repeat(32)}`, 'CLIENT_ERROR opaque token too long'],
  ])('%j, and reads past its payload', (line, reply) => {
    expect(parse(`${line}\r\nversion\r\nversion\r\n`)).toMatchObject([
      { command: 'refused', reply },
      { command: 'version' },
    ])
  })

  test('silently where the line ends in noreply', () => {
    expect(parse('set k noreply\r\nset k 0 0 x noreply\r\nincr k x noreply\r\n')).toMatchObject([
      { reply: 'ERROR', noreply: false },
      { reply: BAD_FORMAT, noreply: true },
      { noreply: true },
    ])
  })

  test('a payload without line end by giving no data, and reads on behind the declared length', () => {
    expect(parse('set k 0 0 3\r\nabcdef\r\nversion\r\n')).toMatchObject([
      { command: 'set', data: undefined },
      { command: 'refused', reply: 'ERROR' },
      { command: 'version' },
    ])
    expect(parse('set k 0 0 10\r\nabc\r\nversion\r\nversion\r\n')).toMatchObject([
      { command: 'set', data: undefined },
      { command: 'refused', reply: 'ERROR' },
      { command: 'version' },
    ])
  })

  test('to keep payloads past its limit, and reads past them', () => {
    const bytes = 'set k 0 0 5\r\nhello\r\nms k 4\r\nhell\r\nset k 0 0 5\r\nversion\r\n'
    expect(parse(bytes, { maxDataLength: 4 })).toMatchObject([
      { command: 'set', length: 5, data: undefined },
      { command: 'ms', length: 4, data: Buffer.from('hell') },
      { command: 'set', length: 5, data: undefined },
      { command: 'refused', reply: 'ERROR' },
    ])
  })

  test('a limit that is no number of bytes', () => {
    for (const maxDataLength of [-1, 1.5, Number.NaN]) {
      expect(() => new RequestParser({ maxDataLength })).toThrow(RangeError)
    }
  })
})

describe('RequestParser closes', () => {
  test('at more than 2048 bytes of a line whose end has not come', () => {
    expect(parse('x'.repeat(2048))).toEqual([])
    expect(parse('x'.repeat(2049))).toEqual([{ command: 'close' }])
    const line = `gat 0 ${'k '.repeat(1100)}\r\n`
    const inPieces = (first: number): ParsedRequest[] =>
      parsePieces([line.slice(0, first), line.slice(first)])
    expect(inPieces(2048)).toMatchObject([{ command: 'gat' }])
    expect(inPieces(2049)).toEqual([{ command: 'close' }])
  })

  test('not at a line that comes whole, within what the server reads at once', () => {
    expect(parse(`gat 0 ${'k'.repeat(16_376)}\r\n`)).toMatchObject([{ command: 'gat' }])
    expect(parse(`gat 0 ${'k'.repeat(16_377)}\r\n`)).toEqual([{ command: 'close' }])
    const line = `gat 0 ${'k'.repeat(2992)}\r\n`
    // The server reads on when it has run what it read whole, and sees the beginning of the next.
    expect(parse(line.repeat(20))).toHaveLength(20)
    expect(parse(`${'mn\r\n'.repeat(3584)}${line}`)).toHaveLength(3585)
    expect(parse(`${'mn\r\n'.repeat(3583)}${line}`).at(-1)).toEqual({ command: 'close' })
    const value = `set k 0 0 20000\r\n${'v'.repeat(20_000)}\r\n`
    expect(parse(`${value}${line}`)).toMatchObject([{ command: 'set' }, { command: 'gat' }])
  })

  test('not at a retrieval of any length', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `key${i}`)
    expect(parse(`get ${keys.join(' ')}\r\n`)).toMatchObject([{ command: 'get', keys }])
    expect(parse(`  gets ${keys.join(' ')}\r\n`)).toMatchObject([{ command: 'gets', keys }])
    expect(parse(`${' '.repeat(101)}get ${keys.join(' ')}\r\n`)).toEqual([{ command: 'close' }])
  })

  test('at a web request, and reads nothing after it', () => {
    expect(parse('GET / HTTP/1.1\r\nversion\r\n')).toEqual([{ command: 'close' }])
    expect(parse('POST /x y HTTP/1.0\r\n')).toEqual([{ command: 'close' }])
    expect(parse('get / HTTP/1.1\r\n')).toMatchObject([{ command: 'get' }])
    expect(parse('sx / HTTP/1.1\r\n')).toMatchObject([{ command: 'refused' }])
  })
})

test("RequestParser reads MemCachier's login: the password as the value of the user's key", () => {
  const parser = new RequestParser({ authentication: true, authScheme: 'memcachier' })
  parser.push(Buffer.from('set user 0 0 9\r\npass word\r\n'))
  expect(parser.next()).toEqual({ command: 'authenticate', user: 'user', password: 'pass word' })
})

describe('RequestParser with authentication', () => {
  const options = { authentication: true }

  test('reads user and password, and commands once told', () => {
    const parser = new RequestParser(options)
    parser.push(Buffer.from('set x 0 0 9\r\nuser pass\r\nget a\r\n'))
    expect(parser.next()).toEqual({ command: 'authenticate', user: 'user', password: 'pass' })
    parser.authenticated()
    expect(parser.next()).toMatchObject({ command: 'get' })
  })

  test.each([
    ['version\r\n', 'CLIENT_ERROR unauthenticated'],
    ['\r\n', 'CLIENT_ERROR unauthenticated'],
    ['set x 0 0\r\n', 'CLIENT_ERROR unauthenticated'],
    ['set x 0 0 x\r\n', 'CLIENT_ERROR unauthenticated'],
    ['ms x 9\r\n', 'CLIENT_ERROR unauthenticated'],
    ['set x 0 0 4\r\nuser\r\n', 'CLIENT_ERROR bad authentication token format'],
    ['set x 0 0 8\r\nuser passwd', 'CLIENT_ERROR bad command line termination'],
  ])('refuses %j', (bytes, reply) => {
    expect(parse(bytes, options)).toMatchObject([{ command: 'refused', reply, noreply: false }])
  })

  test('takes two words of the payload', () => {
    expect(parse('set x 0 0 13\r\nuser pass word\r\n', options)).toMatchObject([
      { command: 'refused' },
    ])
    expect(parse('set x 0 0 14\r\nuser pass word\r\n', options)).toEqual([
      { command: 'authenticate', user: 'user', password: 'pass' },
    ])
  })

  test('closes at a line or a payload that is too long', () => {
    expect(parse('x'.repeat(2049), options)).toEqual([{ command: 'close' }])
    expect(parse(`${'x'.repeat(2049)}\r\n`, options)).toMatchObject([{ command: 'refused' }])
    const payload = 'x'.repeat(16_384)
    expect(parse(`set x 0 0 16383\r\n${payload}`, options)).toEqual([{ command: 'close' }])
  })
})

const FIXTURE =
  'get a b\r\nset k 1 2 5\r\na\r\nb\n\r\nversion\nms YWJj 3 b F5\r\nabc\r\nmg k v Oxy\r\n' +
  'set k 0 0 x\r\nflush_all\r\nset k 0 0 2\r\nabcd\r\nms k 4 !\r\nskip\r\nset k 0 0 0\r\n\r\n' +
  `  gets ${'key '.repeat(700)}\r\nma n D5\r\nset large 0 0 40\r\n${'l'.repeat(40)}\r\nquit\r\n`

describe('any split of the bytes', () => {
  const options = { maxDataLength: 32 }
  const whole = parse(FIXTURE, options)

  test('gives the same requests, cut in two at every byte', { tags: ['long'] }, () => {
    expect(whole).toHaveLength(15)
    for (let at = 0; at <= FIXTURE.length; at++) {
      if (!isTurn(at, 4)) continue
      expect(parsePieces([FIXTURE.slice(0, at), FIXTURE.slice(at)], options)).toEqual(whole)
    }
  })

  test('gives the same requests, byte by byte', () => {
    expect(parsePieces([...FIXTURE], options)).toEqual(whole)
  })

  test('gives the same requests, for random lines of up to 2048 bytes in random pieces', {
    tags: ['long'],
  }, () => {
    // A payload that begins amid a long `get` leaves a long line that is none.
    const short = FIXTURE.split('\n').filter(({ length }) => length < 2048)
    const line = fc.constantFrom(...short, 'x'.repeat(2046), ' set k 0 0 5', 'a\0b', '')
    const lines = fc.array(line, { maxLength: 12 })
    const lengths = fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 200 })
    fc.assert(
      fc.property(lines, lengths, fc.boolean(), (given, cuts, authentication) => {
        const text = given.join('\r\n')
        const pieces: string[] = []
        let at = 0
        for (const length of cuts) {
          pieces.push(text.slice(at, at + length))
          at += length
        }
        pieces.push(text.slice(at))
        expect(parsePieces(pieces, { ...options, authentication })).toEqual(
          parse(text, { ...options, authentication }),
        )
      }),
      { numRuns: runs(1000, 10_000), seed },
    )
  })

  test('never throws, whatever the bytes', { tags: ['long'] }, () => {
    const pieces = [
      'set ',
      'ms ',
      'mg ',
      'cas ',
      'gat ',
      'k ',
      '0 ',
      '-1 ',
      '99999999999 ',
      'b ',
      '\r\n',
    ]
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .array(fc.constantFrom(...pieces), { maxLength: 12 })
        .map((list) => Buffer.from(list.join(''))),
    )
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), fc.boolean(), (chunks, authentication) => {
        const parser = new RequestParser({ maxDataLength: 100, authentication })
        for (const bytes of chunks) {
          parser.push(bytes)
          while (parser.next() !== undefined);
        }
      }),
      { numRuns: runs(1000, 10_000), seed },
    )
  })

  test.each([
    ['a payload that is larger than what is kept', 'set k 0 0 2147483645\r\n', {}],
    ['the payload of a refused request', 'ms k 2147483645 !\r\n', {}],
    ['a line without end', 'set ', {}],
    ['a password without end', 'set k 0 0 2147483645\r\n', { authentication: true }],
  ])('takes no more memory for %s', (_about, start, options) => {
    const parser = new RequestParser({ maxDataLength: 1000, ...options })
    const chunk = Buffer.alloc(65_536, 'x')
    parser.push(Buffer.from(start))
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 500; i++) {
      while (parser.next() !== undefined);
      parser.push(chunk)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
  })
})

function parse(bytes: string, options?: RequestParserOptions): ParsedRequest[] {
  return parsePieces([bytes], options)
}

function parsePieces(pieces: readonly string[], options?: RequestParserOptions): ParsedRequest[] {
  const parser = new RequestParser(options)
  const requests: ParsedRequest[] = []
  for (const piece of pieces) {
    parser.push(Buffer.from(piece, 'latin1'))
    for (let request = parser.next(); request !== undefined; request = parser.next()) {
      requests.push(request)
    }
  }
  return requests
}
