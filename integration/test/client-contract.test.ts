import { Client } from '@mc/client'
import { clientContract, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { isLong, seed } from '../../test-support/amounts.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const DIALECTS = ['meta', 'text', 'auto'] as const
/** Quick runs speak all dialects over TCP, and one over each other transport, another by another seed. */
const dialectsOver = (i: number): readonly (typeof DIALECTS)[number][] =>
  isLong || i === 0 ? DIALECTS : DIALECTS.filter((_, d) => d === (seed + i) % DIALECTS.length)

const runner = { describe: describe as never, test: test as never }

for (const kind of KINDS) {
  for (const [i, transport] of TRANSPORTS.entries()) {
    const { tags } = needsOf(kind)
    describe(`Client on ${kind} memcached over ${transport.name}`, {
      tags: [...tags, 'long'],
    }, () => {
      let server: RunningServer
      beforeAll(async () => {
        server = await startServer(kind, transport)
      })
      afterAll(() => server.stop())

      for (const dialect of dialectsOver(i)) {
        const create = () =>
          new Client(server.name, { timeout: 10_000, ...transport.clientOptions, dialect })
        clientContract({ name: `${dialect} dialect`, create }, runner)
        serverCommandsContract({ name: `${dialect} dialect`, create }, runner)
      }
    })
  }
}
