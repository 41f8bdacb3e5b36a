// The contract on a memcached of your choice: MEMCACHED=/path/to/memcached pnpm test contract-by-binary
import { Client } from '@mc/client'
import { clientContract, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { findBinary } from '../src/binary.ts'
import { type RunningServer, TRANSPORTS } from '../src/servers.ts'

const runner = { describe: describe as never, test: test as never }
// What is on the PATH has run it already, in client-contract.test.ts.
const binary = process.env.MEMCACHED ? findBinary() : undefined

// The summary of the run says why it did not run.
if (binary === undefined)
  test('a memcached of your choice', { tags: ['another-memcached'] }, () => {})

if (binary !== undefined) {
  const transports = TRANSPORTS.filter(({ name }) => {
    if (name.includes('TLS') && !binary.hasTls) return false
    return !name.includes('authentication') || binary.hasAuthentication
  })
  // Meta commands took their lasting form in 1.6.10.
  const dialects = binary.isSince(1, 6, 10)
    ? (['meta', 'text', 'auto'] as const)
    : (['text', 'auto'] as const)
  const exceptions: Record<string, string> = {}
  if (!binary.isSince(1, 5, 3)) {
    exceptions['gat and gats read and set a new expiry'] = 'gat came with 1.5.3'
  }
  const serverExceptions: Record<string, string> = {}
  if (!binary.isSince(1, 4, 27)) {
    serverExceptions['verbosity and cacheMemlimit answer true'] = 'cache_memlimit came with 1.4.27'
  }

  describe.each(transports)(`memcached ${binary.version} over $name`, (transport) => {
    let server: RunningServer
    beforeAll(async () => {
      server = await transport.startReal()
    })
    afterAll(() => server.stop())

    for (const dialect of dialects) {
      const name = `${dialect} dialect`
      const create = () =>
        new Client(server.name, {
          timeout: 10_000,
          connectTimeout: 10_000,
          ...transport.clientOptions,
          dialect,
        })
      clientContract({ name, create, exceptions }, runner)
      serverCommandsContract({ name, create, exceptions: serverExceptions }, runner)
    }
  })
}
