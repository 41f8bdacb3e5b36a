import { readFileSync } from 'node:fs'
import { Client } from '@mc/client'
import type { TestServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mc } from './support/run.ts'
import { SERVERS } from './support/servers.ts'

const GUIDE = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

/** A command line for each row of the guide's table. */
const LINES = [
  ...['ping', 'stat', 'top', 'get a', 'inspect a', 'set new 1', 'incr count', 'touch a 60'],
  ...['delete new --yes', 'where a --add b:1', 'keys', 'sizes', 'ttls', 'prefixes'],
  ...['watch mutations -n 1', 'copy SERVER EMPTY --verify', 'bench -n 20 --keys 3', 'report'],
]
/** Kinds of events have fields of their own, which the guide leaves to the type. */
const OF_EVENTS = ['key', 'status', 'command', 'ttl', 'slabClass', 'connection', 'size']

/** Shapes of the guide that refer to another. */
const LIKE: Readonly<Record<string, string>> = { top: 'stat', inspect: 'get', report: 'stat' }

/** The words of the guide's shapes, by command. */
function documented(): Map<string, string> {
  const table = GUIDE.slice(GUIDE.indexOf('| Command | JSON |'))
  const shapes = new Map<string, string>()
  for (const [, names = '', shape = ''] of table.matchAll(/^\| (`.*?`) \| (.*) \|$/gm)) {
    for (const [, name = ''] of names.matchAll(/`(\w+)`/g)) shapes.set(name, shape)
  }
  return shapes
}

/** All names in a value, at any depth. */
function namesOf(value: unknown, into: Set<string> = new Set()): Set<string> {
  if (typeof value !== 'object' || value === null) return into
  for (const [name, member] of Object.entries(value)) {
    if (!Array.isArray(value)) into.add(name)
    namesOf(member, into)
  }
  return into
}

test('the guide has every command', () => {
  expect([...documented().keys()].sort()).toEqual(LINES.map((it) => it.split(' ')[0]).sort())
})

describe.each(SERVERS)('JSON from $name', ({ start, tags }) => {
  let servers: TestServer[]
  let client: Client
  let traffic: NodeJS.Timeout
  beforeAll(async () => {
    servers = await Promise.all([start(), start()])
    client = new Client(servers[0]?.name as string, { timeout: 30_000 })
    await client.set('a', 1, { expire: 1000 })
    await client.set('count', 1)
    traffic = setInterval(() => void client.set('traffic:1', 1).catch(() => {}), 5)
  })
  afterAll(async () => {
    clearInterval(traffic)
    await client.close()
    await Promise.all(servers.map((server) => server.stop()))
  })

  test.each(LINES)('mc %s has the names of the guide', { tags }, async (line) => {
    const [one, empty] = servers.map(({ name }) => name)
    const argv = line.split(' ').map((it) => (it === 'SERVER' ? one : it === 'EMPTY' ? empty : it))
    const controller = new AbortController()
    const { out, err } = await mc(['--json', ...(argv as string[]), '-s', String(one)], {
      signal: controller.signal,
      onOutput: (text) => {
        if (line === 'top' && text.includes('traffic:')) controller.abort()
      },
    })
    expect(err).toBe('')
    const lines = out.trim().split('\n')
    const value = lines.map((it) => JSON.parse(it))
    const name = argv[0] as string
    const shape = [name, LIKE[name] ?? ''].map((it) => documented().get(it) ?? '').join(' ')
    const words = new Set(shape.match(/[\w.]+/g))
    const unknown = [...namesOf(value)].filter(
      (it) => !words.has(it) && !(name === 'watch' && OF_EVENTS.includes(it)),
    )
    expect(unknown).toEqual([])
  })
})
