import { Client } from '@mc/client'
import { clientContract, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const DIALECTS = ['meta', 'text', 'auto'] as const
/** Quick runs speak each dialect over TCP, and one over each other transport, to one kind of server each. */
function dialectsOver(transport: number, kind: number): readonly (typeof DIALECTS)[number][] {
  if (transport === 0) return DIALECTS.filter((_, d) => isTurn(kind + d, 2))
  if (!isTurn(kind + transport, 2)) return []
  return DIALECTS.filter((_, d) => isTurn(d + transport, DIALECTS.length))
}

const runner = { describe: describe as never, test: test as never }

for (const [k, kind] of KINDS.entries()) {
  for (const [i, transport] of TRANSPORTS.entries()) {
    const dialects = dialectsOver(i, k)
    if (dialects.length === 0) continue
    const { tags } = needsOf(kind)
    describe(`Client on ${kind} memcached over ${transport.name}`, {
      tags: [...tags, 'long'],
    }, () => {
      let server: RunningServer
      beforeAll(async () => {
        server = await startServer(kind, transport)
      })
      afterAll(() => server.stop())

      for (const dialect of dialects) {
        const create = () =>
          new Client(server.name, {
            timeout: 10_000,
            connectTimeout: 10_000,
            ...transport.clientOptions,
            dialect,
          })
        clientContract({ name: `${dialect} dialect`, create }, runner)
        serverCommandsContract({ name: `${dialect} dialect`, create }, runner)
      }
    })
  }
}
