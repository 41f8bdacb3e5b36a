import { describe, expect, test } from 'vitest'
import { runs } from '../../../../test-support/amounts.ts'
import { fuzz, pieces } from '../../../../test-support/mutation.ts'
import { RequestParser } from '../../src/protocol/index.ts'

const RUNS = runs(2000, 50_000)
const TIMEOUT = 30_000 + RUNS

/** What the parser may keep, in bytes; inputs announce more. */
const LIMIT = 10_000

describe(`${RUNS} mutated requests`, { tags: ['long'] }, () => {
  test.each([false, true])(
    'never make the request parser throw or hang, with authentication: %s',
    (authentication) => {
      let requests = 0
      fuzz(REQUESTS, RUNS, (input, random) => {
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
