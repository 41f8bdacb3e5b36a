import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HashClient, RendezvousHash } from '@mc/hash'
import type { TestServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLong } from '../../../test-support/amounts.ts'
import { runProgram } from './support/program.ts'
import { deadServer, SERVERS } from './support/servers.ts'

interface Row {
  /** A command line. Words in capitals are those of the place. */
  readonly line: string
  readonly exit: 0 | 1 | 2 | 3
  readonly out?: RegExp
  /** What the program prints as JSON. */
  readonly json?: unknown
  readonly err?: RegExp
  /** Interrupts a program without end. */
  readonly until?: RegExp
}

const ADDRESS = expect.stringMatching(/^127\.0\.0\.1:\d+$/)
const TEXT = expect.any(String)
const NUMBER = expect.any(Number)
const REFUSED = { server: ADDRESS, error: expect.stringContaining('ECONNREFUSED') }
const SUMS = { count: NUMBER, bytes: NUMBER }
const FIGURES = {
  ...{ server: ADDRESS, version: TEXT, uptime: NUMBER, items: NUMBER, bytes: NUMBER },
  ...{ limit: NUMBER, connections: NUMBER, gets: NUMBER, sets: NUMBER, evictions: NUMBER },
}
const DUMP = { err: /^mc: 127\.0\.0\.1:\d+: .*ECONNREFUSED/, exit: 3 } as const
const ITEM = {
  ...{ key: TEXT, server: ADDRESS, format: 'json', flags: 32, size: 7, ttl: null, idle: NUMBER },
  ...{ fetched: expect.any(Boolean), cas: TEXT, stale: false },
}

/** The first is run in every run. */
const ROWS: readonly Row[] = [
  {
    line: 'ping -s BROKEN --json',
    exit: 3,
    json: [
      { server: ADDRESS, version: TEXT, ms: NUMBER },
      { server: ADDRESS, version: TEXT, ms: NUMBER },
      REFUSED,
    ],
  },
  {
    line: 'ping -s LIVE',
    exit: 0,
    out: /^server +version .*\n(127.* ms\n){2}$/,
  },

  { line: 'stat -s LIVE', exit: 0, out: /^server +(.*\n){3}all .*\n$/ },
  {
    line: 'stat -s BROKEN --json',
    exit: 3,
    json: [expect.objectContaining(FIGURES), expect.objectContaining(FIGURES), REFUSED],
  },

  {
    line: 'top -s LIVE -i 0.01',
    exit: 0,
    until: /hottest keys.*traffic/,
    out: /^server +version/,
  },
  {
    line: 'top -s BROKEN -i 0.01 --json',
    exit: 0,
    until: /"traffic:"/,
    out: /"name":"traffic:","reads":\d+,"writes":\d+/,
  },

  { line: 'get KEY -s LIVE', exit: 0, out: /^\{\n {2}"a": 1\n\}\n$/ },
  {
    line: 'get KEY -s BROKEN --json',
    exit: 0,
    json: { ...ITEM, value: { a: 1 } },
  },
  { line: 'get none -s LIVE', exit: 1, err: /^mc: none is not there\n$/ },
  onDeadServer('get LOST'),

  { line: 'inspect KEY -s LIVE', exit: 0, out: /^field +value\n/ },
  { line: 'inspect KEY -s BROKEN --json', exit: 0, json: ITEM },
  { line: 'inspect none -s LIVE', exit: 1, err: /is not there/ },
  onDeadServer('inspect LOST'),

  { line: 'set new 1 -s LIVE', exit: 0, out: /^$/ },
  {
    line: 'set KEY 1 -s BROKEN --json',
    exit: 1,
    json: { key: TEXT, stored: false },
    err: /has a value already/,
  },
  onDeadServer('set LOST 1'),

  { line: 'incr count 2 -s LIVE', exit: 0, out: /^7\n$/ },
  {
    line: 'incr count -s LIVE --json',
    exit: 0,
    json: { key: 'count', value: '8' },
  },
  { line: 'incr none -s LIVE', exit: 1, err: /is not there/ },
  onDeadServer('incr LOST'),

  { line: 'touch count 60 -s LIVE', exit: 0, out: /^$/ },
  {
    line: 'touch none 60 -s LIVE --json',
    exit: 1,
    json: { key: 'none', touched: false },
    err: /is not there/,
  },
  onDeadServer('touch LOST 60'),

  { line: 'delete count --yes -s LIVE', exit: 0, out: /^$/ },
  {
    line: 'delete count --yes -s LIVE --json',
    exit: 1,
    json: { key: 'count', deleted: false },
    err: /is not there/,
  },
  onDeadServer('delete LOST --yes'),

  { line: 'where KEY -s BROKEN', exit: 0, out: /^key +server\n.*127/ },
  {
    line: 'where KEY -s LIVE --add DEAD --json',
    exit: 0,
    json: { places: [{ key: TEXT, server: ADDRESS, after: ADDRESS }], moved: NUMBER },
  },

  { line: 'keys user:* -s LIVE', exit: 0, out: /^(user:\d+\n){20}$/ },
  {
    line: 'keys KEY -s BROKEN --json',
    ...DUMP,
    json: expect.objectContaining({
      ...{ key: TEXT, server: ADDRESS, size: NUMBER, expires: null, lastAccess: NUMBER },
      fetched: expect.any(Boolean),
    }),
  },

  { line: 'sizes -s LIVE', exit: 0, out: /^size +items +bytes +of all/ },
  {
    line: 'sizes -s BROKEN --json',
    ...DUMP,
    json: [{ from: NUMBER, to: NUMBER, ...SUMS }],
  },
  { line: 'sizes -s EMPTY', exit: 0, err: /^mc: there are no items\n$/ },

  { line: 'ttls -s LIVE', exit: 0, out: /^expires +items(.*\n)*never +\d/ },
  {
    line: 'ttls -s BROKEN --json',
    ...DUMP,
    json: { expiring: expect.any(Array), never: SUMS },
  },

  { line: 'prefixes -s LIVE', exit: 0, out: /^prefix +items(.*\n)*user: / },
  {
    line: 'prefixes --top 1 -s BROKEN --json',
    ...DUMP,
    json: [{ prefix: 'user:', ...SUMS }],
  },

  {
    line: 'watch mutations -n 1 -s LIVE',
    exit: 0,
    out: /^\d\d:\d\d:\d\d\.\d{3} {2}127.* item_store .*key=/,
  },
  {
    line: 'watch mutations -n 1 -s BROKEN --json',
    exit: 3,
    err: /ECONNREFUSED/,
    json: expect.objectContaining({ server: ADDRESS, type: 'item_store', key: TEXT, time: NUMBER }),
  },

  {
    line: 'copy LIVE EMPTY --only user:*',
    exit: 0,
    out: /^20 items copied \(\d+ B\)\n$/,
  },
  {
    line: 'copy BROKEN EMPTY --only user:* --json',
    ...DUMP,
    json: { copied: 0, bytes: 0, present: 20, gone: 0, failed: 0, dryRun: false },
  },
  {
    line: 'copy LIVE EMPTY --only user:* --verify',
    exit: 0,
    out: /verified: 20 the same, 0 missing, 0 different\n$/,
  },
  { line: 'copy LIVE DEAD', exit: 3, err: /ECONNREFUSED/ },

  {
    line: 'bench -n 50 --keys 5 -c 4 -s LIVE',
    exit: 0,
    out: /^50 requests in /,
  },
  {
    line: 'bench -n 50 --keys 50 -c 4 -s BROKEN --json',
    exit: 1,
    json: expect.objectContaining({
      ...{ requests: NUMBER, seconds: NUMBER, perSecond: NUMBER, gets: NUMBER, hits: NUMBER },
      latency: expect.objectContaining({ p50: NUMBER, 'p99.9': NUMBER }),
      errors: expect.objectContaining({ MEMCACHE_CONNECT: NUMBER }),
    }),
  },
  { line: 'bench -s DEAD', exit: 3, err: /ECONNREFUSED/ },

  { line: 'report -s LIVE', exit: 0, out: /^report\.html\n$/ },
  {
    line: 'report -s BROKEN --json',
    ...DUMP,
    json: expect.objectContaining({
      servers: [expect.objectContaining(FIGURES), expect.objectContaining(FIGURES), REFUSED],
      ...{ items: NUMBER, sample: 1, hash: 'rendezvous', at: TEXT, balance: expect.any(Array) },
    }),
  },

  { line: '--help', exit: 0, out: /^Usage: mc / },
]

const INVALID = [
  ...['', 'nothing', 'ping --timeout soon', 'stat -i 0', 'top -i 0', 'get', 'inspect --all x'],
  ...['set a x --as integer', 'incr a x', 'touch a x', 'delete a', 'where', 'keys --sample 2'],
  ...['sizes -x', 'ttls --sample 0', 'prefixes --depth 0', 'watch all', 'copy a', 'bench -n 0'],
  ...['report --top', 'get a --serde yaml'],
]

/** A key of a dead server is exit 3, and the message names the server. */
function onDeadServer(line: string): Row {
  const err = /^mc: 127\.0\.0\.1:\d+: .*ECONNREFUSED/
  return { line: `${line} -s BROKEN --json`, exit: 3, out: /^$/, err }
}

describe.each(isLong ? SERVERS : SERVERS.slice(0, 1))(
  'the program on $name',
  { tags: ['long'] },
  ({ start, tags }) => {
    let folder: string
    let servers: TestServer[]
    let client: HashClient<unknown>
    let traffic: NodeJS.Timeout
    /** Lists of servers: two, the same with a dead one, and an empty one; keys of a server that lives, and of the dead one. */
    let place: Readonly<Record<string, string>>

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mc-program-'))
      servers = await Promise.all([start(), start(), start()])
      const [one, two, empty] = servers.map(({ name }) => name) as [string, string, string]
      const dead = await deadServer()
      const keys = Array.from({ length: 20 }, (_, i) => `user:${i}`)
      const broken = new RendezvousHash({ nodes: [one, two, dead] })
      const key = keys.find((it) => broken.getNode(it) !== dead) as string
      const lost = Array.from({ length: 100 }, (_, i) => `lost:${i}`).find(
        (it) => broken.getNode(it) === dead,
      ) as string
      place = {
        ...{ LIVE: `${one},${two}`, BROKEN: `${one},${two},${dead}`, EMPTY: empty, DEAD: dead },
        ...{ KEY: key, LOST: lost },
      }
      client = new HashClient<unknown>([one, two], { timeout: 30_000 })
      await client.setMany(keys.map((it) => [it, { a: 1 }] as const))
      await client.set('count', 5, { expire: 1000 })
      // For commands that show what happens.
      const send = () => void client.set('traffic:1', 1).catch(() => {})
      send()
      traffic = setInterval(send, 20)
    })
    afterAll(async () => {
      clearInterval(traffic)
      await client.close()
      await Promise.all(servers.map((server) => server.stop()))
      await rm(folder, { recursive: true })
    })

    test.each(isLong ? ROWS : ROWS.slice(0, 1))('mc $line', { tags }, async (row) => {
      const argv = row.line.split(' ').map((word) => place[word] ?? word)
      const { exit, out, err } = await runProgram(argv, folder, row.until)
      expect({ exit, err }).toEqual({ exit: row.exit, err: expect.stringMatching(row.err ?? /^$/) })
      if (row.out !== undefined) expect(out).toMatch(row.out)
      if (row.json !== undefined) expect(JSON.parse(out)).toEqual(row.json)
      expect(out).not.toContain('\x1b')
    })
  },
)

if (isLong)
  test.each(INVALID)('mc %s is invalid', { tags: ['long'] }, async (line) => {
    const argv = line.split(' ').filter((word) => word !== '')
    const { exit, out, err } = await runProgram(argv, tmpdir())
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).not.toBe('')
  })
