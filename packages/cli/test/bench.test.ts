import { MemcachedServer } from '@mc/testing'
import { describe, expect, test } from 'vitest'
import { mc, mcJson } from './support/run.ts'
import { deadServer, SERVERS } from './support/servers.ts'

describe.each(SERVERS)('bench of $name', ({ start, tags }) => {
  test('measures gets and sets, and leaves no key', { tags }, async () => {
    await using server = await start()
    const argv = ['bench', '-s', server.name, '-n', '300', '-c', '8', '--keys', '20']
    const result = await mcJson(argv)
    expect(result).toMatchObject({ requests: 300, errors: {} })
    expect(result.hits).toBe(result.gets)
    expect(result.gets).toBeGreaterThan(200)
    const { latency, histogram } = result
    expect(latency.p50).toBeGreaterThan(0)
    expect(latency.p50).toBeLessThanOrEqual(latency.p99)
    expect(histogram.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(
      300,
    )
    const { exit, out } = await mc(argv)
    expect(exit).toBe(0)
    expect(out).toMatch(/^300 requests in \d+\.\d\d s: \S+ a second\n100\.0% hits\n/)
    expect(out).toMatch(/p99\.9 +\d+\.\d{3}/)
    expect(out).toMatch(/up to ms +requests\n(.*\n)*.*█/)
    expect((await mc(['keys', '-s', server.name])).out).toBe('')
  })
})

test('errors are counted by their kind', async () => {
  await using server = await MemcachedServer.start()
  server.inject({ kind: 'error', line: 'SERVER_ERROR busy', command: ['ms', 'set'] })
  const { exit, out } = await mc([
    'bench',
    '-s',
    server.name,
    '-n',
    '50',
    '--gets',
    '0',
    '--keys',
    '5',
  ])
  expect(exit).toBe(1)
  expect(out).toMatch(/^0 requests .*\n(.*\n)*MEMCACHE_SERVER_ERROR +\d+ times\n$/)
})

test('a fleet that cannot be reached is exit 3, a number out of range 2', async () => {
  expect(await mc(['bench', '-s', await deadServer()])).toMatchObject({ exit: 3 })
  expect(await mc(['bench', '-n', '0'])).toMatchObject({ exit: 2 })
  expect(await mc(['bench', '--gets', '2'])).toMatchObject({ exit: 2 })
})
