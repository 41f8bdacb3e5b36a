import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HashClient } from '@mc/hash'
import { MemcacheError } from '@mc/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, needsOf, type RunningServer, startServerAt } from '../src/servers.ts'

const KEYS = Array.from({ length: 600 }, (_, i) => `key${i}`)
const TIMEOUT = 1000

// Each value names its key, so that a value of another key is seen at once.
for (const kind of KINDS) {
  describe(`three ${kind} servers, one of which dies under load`, needsOf(kind), () => {
    const folder = mkdtempSync(join(tmpdir(), 'mc-failover-'))
    const paths = [1, 2, 3].map((i) => join(folder, `${i}.sock`))
    let servers: RunningServer[]
    beforeAll(async () => {
      servers = await Promise.all(paths.map((path) => startServerAt(kind, path)))
    })
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()))
      rmSync(folder, { recursive: true, force: true })
    })

    test('every call settles with its own value, other keys are served, and moved keys come back', async () => {
      const client = new HashClient(paths, {
        timeout: TIMEOUT,
        retryAttempts: 1,
        retryTimeout: 20,
        deadTimeout: 300,
        reconnectDelay: { initial: 5, max: 20 },
      })
      const home = await homes(client)
      const [victim = ''] = paths
      expect([...home.values()].filter((path) => path === victim).length).toBeGreaterThan(100)

      const seen = { served: 0, servedOthers: 0, failed: 0, wrong: 0, slowest: 0 }
      let isOver = false
      const load = async (lane: number): Promise<void> => {
        for (let turn = lane; !isOver; turn += 7) {
          const key = KEYS[turn % KEYS.length] as string
          const start = performance.now()
          try {
            if (turn % 3 === 0) await client.set(key, `${key}:${turn}`)
            else {
              const value = await client.get<string>(key)
              if (value !== undefined && !value.startsWith(`${key}:`)) seen.wrong++
            }
            seen.served++
            if (home.get(key) !== victim) seen.servedOthers++
          } catch (error) {
            if (!(error instanceof MemcacheError)) throw error
            if (home.get(key) !== victim) seen.wrong++
            seen.failed++
          }
          seen.slowest = Math.max(seen.slowest, performance.now() - start)
        }
      }
      const running = Promise.all(Array.from({ length: 64 }, (_, lane) => load(lane)))

      await expect.poll(() => seen.served).toBeGreaterThan(2000)
      await servers[0]?.stop()
      await expect.poll(() => stateOf(client, victim)).toBe('dead')
      const then = seen.servedOthers
      await expect.poll(() => seen.servedOthers).toBeGreaterThan(then + 2000)
      // Its keys live elsewhere now: all are served.
      const moved = await client.getMany(KEYS)
      for (const [key, value] of moved) expect(String(value).startsWith(`${key}:`)).toBe(true)

      servers[0] = await startServerAt(kind, victim)
      await expect.poll(() => stateOf(client, victim), { timeout: 10_000 }).toBe('healthy')
      isOver = true
      await running
      expect(seen.wrong).toBe(0)
      expect(seen.failed).toBeGreaterThan(0)
      expect(seen.slowest).toBeLessThan(10_000)
      expect(await homes(client)).toEqual(home)
      await client.close()
    })
  })
}

function stateOf(client: HashClient, name: string): string | undefined {
  return client.servers.find((server) => server.name === name)?.state
}

/** On which server each key lives, as the servers themselves tell. */
async function homes(client: HashClient): Promise<Map<string, string>> {
  await client.flushAll()
  await client.setMany(KEYS.map((key) => [key, `${key}:0`] as const))
  const home = new Map<string, string>()
  for (const { name } of client.servers) {
    const alone = new HashClient([name])
    for (const key of (await alone.getMany(KEYS)).keys()) home.set(String(key), name)
    await alone.close()
  }
  return home
}
