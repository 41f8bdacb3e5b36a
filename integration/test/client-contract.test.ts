import { Client } from '@mc/client'
import { clientContract, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const runner = { describe: describe as never, test: test as never }

for (const kind of KINDS) {
  for (const transport of TRANSPORTS) {
    describe(`Client on ${kind} memcached over ${transport.name}`, needsOf(kind), () => {
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
