import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HashClient } from '@mc/hash'
import { describe, expect, type TestContext, test } from 'vitest'
import { KINDS, type RunningServer, startServerAt } from '../src/servers.ts'

const KEYS = Array.from({ length: 30 }, (_, i) => `key${i}`)

/** Long enough for servers to be declared dead by the default options. */
const OUTAGE = 3000

/** Recovery takes one second; a server that stays dead would be probed after a minute. */
const MOST = 15_000

async function start(kind: 'embedded' | 'real', count: number, { onTestFinished }: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'mc-outage-'))
  const paths = Array.from({ length: count }, (_, i) => join(folder, `${i}.sock`))
  let servers: RunningServer[] = []
  const cluster = {
    client: new HashClient(paths),
    start: async () => {
      servers = await Promise.all(paths.map((path) => startServerAt(kind, path)))
    },
    stop: () => Promise.all(servers.map((server) => server.stop())),
  }
  await cluster.start()
  onTestFinished(async () => {
    await cluster.client.close()
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return cluster
}

const CASES = KINDS.flatMap((kind) => [1, 3].map((count) => ({ kind, count })))

describe.concurrent('after an outage of all servers', () => {
  test.for(CASES)(
    'a client of $count $kind servers under load recovers within seconds',
    async ({ kind, count }, context) => {
      const { client, ...cluster } = await start(kind, count, context)
      await client.setMany(KEYS.map((key) => [key, 1] as const))
      await cluster.stop()
      const until = performance.now() + OUTAGE
      while (performance.now() < until) {
        await Promise.allSettled(KEYS.map((key) => client.get(key)))
        await pause(5)
      }
      expect(client.servers.some(({ state }) => state !== 'healthy')).toBe(true)
      await cluster.start()
      const back = performance.now()
      for (;;) {
        const outcomes = await Promise.allSettled(KEYS.map((key) => client.get(key)))
        const isServed = outcomes.every(({ status }) => status === 'fulfilled')
        if (isServed && client.servers.every(({ state }) => state === 'healthy')) break
        if (performance.now() - back > MOST) throw new Error('it has not recovered')
        await pause(5)
      }
    },
  )

  test.for(KINDS)(
    'an idle client of 3 %s servers is served at its first call',
    async (kind, context) => {
      const { client, ...cluster } = await start(kind, 3, context)
      await client.setMany(KEYS.map((key) => [key, 1] as const))
      await cluster.stop()
      const until = performance.now() + OUTAGE
      while (performance.now() < until) {
        await Promise.allSettled(KEYS.map((key) => client.get(key)))
        await pause(20)
      }
      await cluster.start()
      // Longer than servers are left alone, and than their clients wait to connect again.
      await pause(1500)
      expect(await client.set('key', 'back')).toBe(true)
    },
  )
})
