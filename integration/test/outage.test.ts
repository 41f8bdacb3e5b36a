import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HashClient } from '@mc/hash'
import { describe, expect, type TestContext, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { KINDS, needsOf, type RunningServer, startServerAt } from '../src/servers.ts'

const KEYS = Array.from({ length: 30 }, (_, i) => `key${i}`)

/** Long enough for servers to be declared dead by the default options. */
const OUTAGE = 2500

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

const CASES = [
  { kind: 'embedded', count: 1 } as const,
  ...KINDS.map((kind) => ({ kind, count: 3 })),
]

describe.concurrent('after an outage of all servers', { tags: ['long'] }, () => {
  for (const [i, { kind, count }] of CASES.entries()) {
    if (!isTurn(i, CASES.length)) continue
    const title = `a client of ${count} ${kind} servers under load recovers within seconds`
    test(title, needsOf(kind), async (context) => {
      const { client, ...cluster } = await start(kind, count, context)
      await client.setMany(KEYS.map((key) => [key, 1] as const))
      await cluster.stop()
      const until = performance.now() + OUTAGE
      while (performance.now() < until) {
        await Promise.allSettled(KEYS.map((key) => client.get(key)))
        await pause(25)
      }
      expect(client.servers.some(({ state }) => state !== 'healthy')).toBe(true)
      await cluster.start()
      const back = performance.now()
      for (;;) {
        const outcomes = await Promise.allSettled(KEYS.map((key) => client.get(key)))
        const isServed = outcomes.every(({ status }) => status === 'fulfilled')
        if (isServed && client.servers.every(({ state }) => state === 'healthy')) break
        if (performance.now() - back > MOST) throw new Error('it has not recovered')
        await pause(25)
      }
    })
  }

  test('an idle client of 3 is served at its first call', async (context) => {
    const { client, ...cluster } = await start('embedded', 3, context)
    await client.setMany(KEYS.map((key) => [key, 1] as const))
    await cluster.stop()
    const until = performance.now() + OUTAGE
    while (performance.now() < until) {
      await Promise.allSettled(KEYS.map((key) => client.get(key)))
      await pause(50)
    }
    await cluster.start()
    // Longer than servers are left alone, and than their clients wait to connect again.
    await pause(1500)
    expect(await client.set('key', 'back', { timeout: 20_000 })).toBe(true)
  })
})

test.concurrent('clients of three servers that are all down ask each of them once a second', async () => {
  const attempts = [0, 0, 0]
  const servers = attempts.map((_, i) =>
    createServer((socket) => {
      attempts[i]! += 1
      socket.on('error', () => {}).resetAndDestroy()
    }).listen(0, '127.0.0.1'),
  )
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const names = servers.map(
    (server) => ['127.0.0.1', (server.address() as AddressInfo).port] as const,
  )
  const clients = Array.from({ length: 30 }, () => new HashClient(names, { dialect: 'text' }))
  const keys = Array.from({ length: 12 }, (_, i) => `key${i}`)
  const enough = 3 * clients.length
  const start = performance.now()
  await Promise.all(
    clients.map(async (client) => {
      // Until all but one have been declared dead, and longer.
      while (performance.now() - start < 3200 || attempts.some((count) => count < enough)) {
        await Promise.allSettled(keys.map((key) => client.get(key)))
        await pause(30)
      }
    }),
  )
  const seconds = Math.ceil((performance.now() - start) / 1000)
  for (const count of attempts) {
    expect(count).toBeLessThanOrEqual((seconds + 1) * clients.length)
  }
  await Promise.all(clients.map((client) => client.close()))
  for (const server of servers) server.close()
})
