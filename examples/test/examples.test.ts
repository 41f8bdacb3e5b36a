import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { memcached } from '@mc/testing'
import { describe, expect, test } from 'vitest'

const examples = fileURLToPath(new URL('..', import.meta.url))

/** What an example prints, run as its reader would, on servers of its own. Rejects if it fails. */
async function outputOf(file: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@mc/source', '--import', 'tsx', file],
    { cwd: examples, env: { ...process.env, MEMCACHED_SERVERS: '', ...env }, timeout: 25_000 },
  )
  expect(stderr).toBe('')
  return stdout
}

describe.concurrent('examples', () => {
  test('quickstart shows hit, miss and expiry, many keys, CAS and a counter', async () => {
    const output = await outputOf('quickstart/quickstart.ts')
    expect(output).toMatch(/miss user 1 .*\n +hit +user 1 .*\n +miss user 1 .* after 3 s/)
    expect(output).toContain('3 of 4 keys were there')
    expect(output).toContain('stock is 0,')
    expect(output).toContain('visits: 1000')
  })

  test('compose-by-hand reads its keys from the pools of three servers', async () => {
    const output = await outputOf('compose-by-hand/compose-by-hand.ts')
    const servers = [...output.matchAll(/(\S+) runs memcached/g)].map(([, server]) => server)
    expect(new Set(servers).size).toBe(3)
    const [, homes = ''] = /Where the keys went\n((?: .*\n)+)/.exec(output) ?? []
    const placed = [...homes.matchAll(/^ +\w+ +(\S+)$/gm)].map(([, server]) => server)
    expect(placed).toHaveLength(6)
    for (const server of placed) expect(servers).toContain(server)
    expect(output).toContain('grace has logged in 4 times')
    expect(output).toContain('6 of 7 keys were there')
  })

  const kinds = [{ kind: 'embedded server', env: { PATH: '' } }]
  if (memcached.find() !== undefined) {
    kinds.push({ kind: 'memcached', env: { PATH: process.env.PATH ?? '' } })
  }
  for (const { kind, env } of kinds) {
    test(`migrate-fleet stops the old ${kind} and no caller sees an error`, async () => {
      const output = await outputOf('migrate-fleet/migrate-fleet.ts', env)
      const [, old, fresh] = /old: .*, (.*), has .*\nnew: .*, (.*), is empty/.exec(output) ?? []
      expect(old).toContain(kind)
      expect(fresh).toBe(old)
      const [during = '', after = ''] = output.split('it is stopped')
      expect(during).toMatch(/ \d+ +\d+\.\d % +[1-9]\d*\.\d % +0\.0 % +0\n/)
      expect(after).toMatch(/ \d+ +[1-9]\d*\.\d % +0\.0 % +\d+\.\d % +0\n/)
      expect(after).toContain('errors seen by callers: 0\n')
    })
  }
})
