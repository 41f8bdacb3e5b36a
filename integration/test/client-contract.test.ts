import { Client } from '@mc/client'
import { clientContract, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

if (process.env.CI) {
  test('a real memcached is installed where CI runs', () => {
    expect(KINDS).toContain('real')
  })
}

const runner = { describe: describe as never, test: test as never }

for (const kind of KINDS) {
  for (const transport of TRANSPORTS) {
    describe(`Client on ${kind} memcached over ${transport.name}`, () => {
      let server: RunningServer
      beforeAll(async () => {
        server = await startServer(kind, transport)
      })
      afterAll(() => server.stop())

      for (const dialect of ['meta', 'text', 'auto'] as const) {
        const create = () =>
          new Client(server.name, { timeout: 10_000, ...transport.clientOptions, dialect })
        clientContract({ name: `${dialect} dialect`, create }, runner)
        serverCommandsContract({ name: `${dialect} dialect`, create }, runner)
      }
    })
  }
}
