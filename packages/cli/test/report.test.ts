import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HashClient } from '@mc/hash'
import type { TestServer } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLong, runs } from '../../../test-support/amounts.ts'
import { testReportPage } from './support/report-page.ts'
import { mc, mcJson } from './support/run.ts'
import { deadServer, SERVERS } from './support/servers.ts'

const COUNT = runs(500, 100_000)

describe.each(SERVERS)('report of a fleet of $name', { tags: ['long'] }, ({ start, tags }) => {
  let servers: TestServer[]
  let list: string
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mc-report-'))
    servers = await Promise.all([start(), start()])
    const dead = await deadServer()
    const names = servers.map(({ name }) => name)
    list = [...names, dead].join()
    const client = new HashClient(names, { timeout: 60_000 })
    await client.setMany(
      Array.from({ length: COUNT }, (_, i) => [`user:${i}`, 'x'.repeat(100)] as const),
      { expire: 1000 },
    )
    await client.set('page:<b>', 'x'.repeat(3000))
    await client.close()
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
    await Promise.all(servers.map((server) => server.stop()))
  })

  test('has figures of servers, memory, items and places', { tags }, async () => {
    const data = await mcJson(['report', '-s', list])
    expect(data.servers.map(({ error }: { error?: string }) => error === undefined)).toEqual([
      true,
      true,
      false,
    ])
    expect(data.total.items).toBe(COUNT + 1)
    expect(data.never).toMatchObject({ count: 1 })
    expect(data.ttls).toEqual([
      { from: 600, to: 3600, count: expect.any(Number), bytes: expect.any(Number) },
    ])
    expect(data.prefixes.map(({ prefix }: { prefix: string }) => prefix)).toEqual([
      'user:',
      'page:',
    ])
    expect(data.slabs.length).toBeGreaterThan(1)
    for (const { allocated, requested } of data.slabs) {
      expect(requested).toBeGreaterThan(0)
      expect(requested).toBeLessThanOrEqual(allocated)
    }
    // Placed over two servers; over three a third of the keys is elsewhere.
    const [first, second, third] = data.balance
    expect(first.items + second.items).toBe(data.items)
    expect(first.misplaced + second.misplaced).toBe(third.expected)
    expect(third.expected / COUNT).toBeCloseTo(1 / 3, 0)
    const placed = await mcJson(['report', '-s', servers.map(({ name }) => name).join()])
    expect(placed.balance[0].misplaced + placed.balance[1].misplaced).toBe(0)
  })

  test('is one page, which names what it shows and asks for nothing', { tags }, async () => {
    const file = join(folder, 'report.html')
    expect(await mc(['report', '-s', list, '-o', file])).toMatchObject({
      exit: 3,
      out: `${file}\n`,
    })
    const page = await readFile(file, 'utf8')
    expect(page).not.toMatch(/<script|<link|<img|src=|href=|url\(|https?:/)
    expect(page).toContain('ECONNREFUSED')
    expect(page).toMatch(/<span>user:<\/span><small>[\d.]+ [KM]B, \S+ items<\/small>/)
    expect(page).toContain('misplaced')
    expect((await mc(['report', '-s', list, '-o', '-'])).out).toContain('<h2>Balance</h2>')
  })

  test('keys and errors are text in it, whatever they hold', { tags }, async () => {
    const { out } = await mc(['report', '-s', list, '-o', '-', '--separator', '>'])
    expect(out).toContain('page:&#60;b&#62;')
    expect(out).not.toContain('page:<b>')
  })
})

test('a file that cannot be written is exit 2', async () => {
  const server = await SERVERS[0]?.start()
  expect(await mc(['report', '-s', server?.name as string, '-o', '/none/x.html'])).toMatchObject({
    exit: 2,
    err: expect.stringContaining('cannot write /none/x.html'),
  })
  await server?.stop()
})

test('an empty fleet has a report too', async () => {
  const server = await SERVERS[0]?.start()
  const { exit, out } = await mc(['report', '-s', server?.name as string, '-o', '-'])
  expect(exit).toBe(0)
  expect(out).toContain('There are no items.')
  await server?.stop()
})

if (isLong) testReportPage()
