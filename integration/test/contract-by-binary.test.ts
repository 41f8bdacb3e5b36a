// The contract on a server of your choice: MEMCACHED=/path/to/memcached pnpm test contract-by-binary
import { execFileSync } from 'node:child_process'
import { Client } from '@mc/client'
import { clientContract, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, TRANSPORTS } from '../src/servers.ts'

type Exceptions = Readonly<Record<string, string>>

const { MEMCACHED } = process.env
const runner = { describe: describe as never, test: test as never }

if (MEMCACHED) {
  // All versions have `-h`, and begin its answer with their name.
  const help = execFileSync(MEMCACHED, ['-h'], { encoding: 'utf8' })
  const version = /^memcached (\d+)\.(\d+)\.(\d+)/.exec(help)?.slice(1).map(Number) ?? []

  const isSince = (...since: readonly number[]): boolean => {
    const at = since.findIndex((number, i) => number !== version[i])
    return at === -1 || (version[at] ?? 0) > (since[at] ?? 0)
  }
  const transports = TRANSPORTS.filter(({ name }) => {
    if (name.includes('TLS') && !help.includes('--enable-ssl')) return false
    return !name.includes('authentication') || help.includes('--auth-file')
  })
  // Meta commands took their lasting form in 1.6.10.
  const dialects = isSince(1, 6, 10)
    ? (['meta', 'text', 'auto'] as const)
    : (['text', 'auto'] as const)
  const exceptions: Exceptions = isSince(1, 5, 3)
    ? {}
    : { 'gat and gats read and set a new expiry': 'gat came with 1.5.3' }
  const serverExceptions: Exceptions = isSince(1, 4, 27)
    ? {}
    : { 'verbosity and cacheMemlimit answer true': 'cache_memlimit came with 1.4.27' }

  test('MEMCACHED names a memcached', () => {
    expect(version).toHaveLength(3)
  })

  describe.each(transports)(`memcached ${version.join('.')} over $name`, (transport) => {
    let server: RunningServer
    beforeAll(async () => {
      server = await transport.startReal()
    })
    afterAll(() => server.stop())

    for (const dialect of dialects) {
      const name = `${dialect} dialect`
      const create = () =>
        new Client(server.name, { timeout: 10_000, ...transport.clientOptions, dialect })
      clientContract({ name, create, exceptions }, runner)
      serverCommandsContract({ name, create, exceptions: serverExceptions }, runner)
    }
  })
} else {
  test.skip('the contract on a server of your choice, without MEMCACHED', () => undefined)
}
