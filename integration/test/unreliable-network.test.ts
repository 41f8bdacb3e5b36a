import { Client, retrying } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { type MemcacheClient, MemcacheError } from '@mc/protocol'
import { FaultProxy, type NetworkFault } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLong, runs, seed } from '../../test-support/amounts.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const KEYS = Array.from({ length: 40 }, (_, i) => `key${i}`)
const TIMEOUT = 150
const LANES = 32
const CALLS = isLong ? 2000 : 500

const FAULTS: readonly NetworkFault[] = [
  { kind: 'split', chance: 0.002, size: 'random' },
  { kind: 'delay', chance: 0.002, milliseconds: 60, at: 'anywhere' },
  { kind: 'half-close', chance: 0.002, at: 'anywhere' },
  { kind: 'reset', chance: 0.002, at: 'anywhere' },
  { kind: 'drop', chance: 0.002, rest: true },
]

const options = { timeout: TIMEOUT, connectTimeout: 500, reconnectDelay: { initial: 1, max: 5 } }
const CLIENTS: Readonly<Record<string, (name: string) => MemcacheClient>> = {
  'Client, meta': (name) => new Client(name, { ...options, dialect: 'auto' }),
  'Client, text': (name) => new Client(name, { ...options, dialect: 'text' }),
  PooledClient: (name) => new PooledClient(name, { ...options, maxPoolSize: 4 }),
  retrying: (name) => retrying(new Client(name, options), { retryDelay: 5 }),
  HashClient: (name) => new HashClient([name], { ...options, retryTimeout: 1, maxDeadServers: 0 }),
}

// Every value names its key: whoever gets another's sees it at once.
for (const kind of KINDS) {
  describe(`over a network that breaks off, holds back and swallows, on ${kind} memcached`, {
    tags: [...needsOf(kind).tags, 'long'],
  }, () => {
    let server: RunningServer
    beforeAll(async () => {
      const [tcp] = TRANSPORTS
      if (tcp === undefined) throw new Error('no transport')
      server = await startServer(kind, tcp)
    })
    afterAll(() => server.stop())

    for (const [name, create] of Object.entries(CLIENTS)) {
      for (let run = 0; run < runs(1, 3); run++) {
        test(`${name} gives nobody another's value and settles every call, run ${run}`, async () => {
          const proxy = await FaultProxy.start(server.name, { seed: seed + run })
          const client = create(proxy.name)
          const faults = FAULTS.map((fault) => proxy.inject(fault))
          const hasFaults = () => faults.some(({ count }) => count > 0)
          const { wrong, slowest } = await load(client, hasFaults)
          expect(wrong, `MC_SEED=${seed + run}`).toEqual([])
          expect(slowest).toBeLessThan(10_000)

          proxy.clear()
          await expect.poll(() => client.set('after', 'well').catch(() => false)).toBe(true)
          await client.close()
          await proxy.stop()
        })
      }
    }
  })
}

/** Calls until enough were served, and until one of them met a fault. */
async function load(client: MemcacheClient, hasFaults: () => boolean) {
  const seen = { wrong: [] as string[], served: 0, slowest: 0 }
  let turn = 0
  const check = (key: string, value: unknown): void => {
    if (value !== undefined && !String(value).startsWith(`${key}=`)) {
      seen.wrong.push(`${key} gave ${String(value).slice(0, 40)}`)
    }
  }
  const call = async (): Promise<void> => {
    const index = turn++
    const key = KEYS[index % KEYS.length] as string
    if (index % 4 === 0) await client.set(key, `${key}=${'x'.repeat((index * 37) % 3000)}`)
    else if (index % 11 === 0) {
      for (const [found, value] of await client.getMany(KEYS.slice(0, 10)))
        check(String(found), value)
    } else if (index % 7 === 0) check(key, await client.get(key, { timeout: 20 }))
    else check(key, await client.get(key))
  }
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      // Calls that fail at once, while nothing is connected, do not count.
      while (seen.served < CALLS || !hasFaults()) {
        const start = performance.now()
        try {
          await call()
          seen.served++
        } catch (error) {
          if (!(error instanceof MemcacheError)) throw error
          await new Promise((resolve) => setImmediate(resolve))
        }
        seen.slowest = Math.max(seen.slowest, performance.now() - start)
      }
    }),
  )
  return seen
}
