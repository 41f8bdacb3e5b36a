import { Client } from '@mc/client'
import { type MemcacheClient, MemcacheError } from '@mc/protocol'
import { FaultProxy } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { CLIENT_KINDS } from '../src/clients.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const TIMEOUT = 300
/** Of calls that are to be answered, on a busy machine too. */
const patient = { timeout: 20_000 }
const CLOSED = { code: 'MEMCACHE_CLOSED' }

for (const [k, kind] of KINDS.entries()) {
  const { tags } = needsOf(kind)
  // Quick runs have each client on one kind of server.
  const clients = CLIENT_KINDS.filter((_, i) => isTurn(i + k, 2))
  describe.each(clients)(
    `$name on ${kind} memcached`,
    { tags: [...tags, 'long'] },
    ({ create }) => {
      let server: RunningServer
      let proxy: FaultProxy
      let client: MemcacheClient

      beforeEach(async () => {
        const [tcp] = TRANSPORTS
        if (tcp === undefined) throw new Error('no transport')
        server = await startServer(kind, tcp)
        proxy = await FaultProxy.start(server.name)
        client = create(proxy.name, { timeout: TIMEOUT, connectTimeout: 1000 })
      })
      afterEach(async () => {
        proxy.clear()
        await client.close()
        await proxy.stop()
        await server.stop()
      })

      async function expectClosed(): Promise<void> {
        const calls: readonly Promise<unknown>[] = [
          client.get('a'),
          client.set('a', 1),
          client.set('a', 1, { noreply: true }),
          client.getMany(['a', 'b']),
          client.setMany({ a: 1 }),
          client.deleteMany(['a']),
          client.incr('a'),
          client.touch('a', 1),
          client.flushAll(),
        ]
        for (const outcome of await Promise.allSettled(calls)) {
          expect(outcome).toMatchObject({ status: 'rejected', reason: CLOSED })
        }
        proxy.clear()
        await expect.poll(() => proxy.connections).toBe(0)
      }

      /** Calls under way settle in time, the client closes in time, and is closed then. */
      async function closeWith(
        calls: readonly Promise<unknown>[],
      ): Promise<PromiseSettledResult<unknown>[]> {
        const start = performance.now()
        const [outcomes] = await Promise.all([Promise.allSettled(calls), client.close()])
        expect(performance.now() - start).toBeLessThan(10_000)
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(MemcacheError)
        }
        await expectClosed()
        return outcomes
      }

      /** Calls of several kinds, the last with noreply. */
      const some = (): Promise<unknown>[] => [
        client.set('a', 1),
        client.get('a'),
        client.getMany(['a', 'b']),
        client.setMany({ a: 1, b: 2 }),
        client.set('a', 2, { noreply: true }),
      ]

      test('is closed before it ever connected', async () => {
        await closeWith([])
        expect(proxy.counts.connections).toBe(0)
      })

      test('is closed when idle', async () => {
        await client.set('a', 1, patient)
        await closeWith([])
      })

      test('is closed in the turn in which it was first called: the calls are served', async () => {
        const calls = [
          client.set('a', 1, patient),
          client.get('a', patient),
          client.set('a', 2, { ...patient, noreply: true }),
        ]
        for (const { status } of await closeWith(calls)) expect(status).toBe('fulfilled')
      })

      test('is closed while it connects to a server that says nothing', async () => {
        proxy.inject({ kind: 'stall' })
        const calls = some()
        await expect.poll(() => proxy.counts.connections).toBeGreaterThan(0)
        const outcomes = await closeWith(calls)
        for (const outcome of outcomes) expect(outcome.status).toBe('rejected')
      })

      test('is closed while it connects to a server that is not there', async () => {
        proxy.inject({ kind: 'refuse' })
        // What nobody waits for may have been written before the reset was noticed.
        const awaited = (await closeWith(some())).slice(0, -1)
        for (const { status } of awaited) expect(status).toBe('rejected')
      })

      test('is closed while it waits to connect again', async () => {
        proxy.inject({ kind: 'refuse' })
        await expect(client.get('a')).rejects.toBeInstanceOf(MemcacheError)
        await closeWith(some())
      })

      test('is closed when its calls are written and not answered', async () => {
        await client.set('a', 1, patient)
        const stall = proxy.inject({ kind: 'stall' })
        const calls = some()
        await expect.poll(() => stall.count).toBeGreaterThan(0)
        await closeWith(calls)
      })

      test('is closed when half of an answer has come', async () => {
        await client.set('a', 'v'.repeat(5000), patient)
        const stall = proxy.inject({ kind: 'stall', at: 'value' })
        const calls = [client.get('a'), client.get('b')]
        await expect.poll(() => stall.count).toBeGreaterThan(0)
        await closeWith(calls)
      })

      test('is closed when the answers are slow: they are waited for', async () => {
        await client.set('a', 1, patient)
        proxy.inject({ kind: 'delay', milliseconds: 20 })
        expect((await closeWith([client.get('a', patient)]))[0]).toEqual({
          status: 'fulfilled',
          value: 1,
        })
      })

      test('is closed while the server resets', async () => {
        await client.set('a', 1, patient)
        proxy.inject({ kind: 'reset', at: 'anywhere' })
        await closeWith(some())
      })

      test('is closed twice at once, and again', async () => {
        const outcomes = Promise.allSettled(some())
        await Promise.all([client.close(), client.close(), client[Symbol.asyncDispose]()])
        await outcomes
        await client.close()
        await expectClosed()
      })

      test('quits before it is closed, and in the middle of calls', async () => {
        await client.set('a', 1, patient)
        const calls = some()
        const quits = [client.quit(), client.quit()]
        await Promise.allSettled([...calls, ...quits])
        await client.set('b', 1, patient)
        expect(await client.get('b', patient)).toBe(1)
        await closeWith([client.quit()])
      })
    },
  )
}

describe('Client.destroy', () => {
  let server: RunningServer
  let proxy: FaultProxy
  beforeEach(async () => {
    const [tcp] = TRANSPORTS
    if (tcp === undefined) throw new Error('no transport')
    server = await startServer('embedded', tcp)
    proxy = await FaultProxy.start(server.name)
  })
  afterEach(async () => {
    await proxy.stop()
    await server.stop()
  })

  const moments: Readonly<Record<string, (client: Client) => Promise<void>>> = {
    'before anything': async () => {},
    'while it connects': async () => {
      proxy.inject({ kind: 'stall' })
    },
    'with calls that wait': async (client) => client.connect(),
    'with calls that are written': async (client) => {
      await client.connect()
      proxy.inject({ kind: 'stall' })
    },
    'when the server is not there': async () => {
      proxy.inject({ kind: 'refuse' })
    },
  }
  test.each(Object.entries(moments))('%s ends all calls at once', async (_, prepare) => {
    const client = new Client(proxy.name, { timeout: 20_000, connectTimeout: 20_000 })
    await prepare(client)
    const calls = [client.get('a'), client.set('b', 1), client.getMany(['c', 'd'])]
    const outcomes = Promise.allSettled(calls)
    const closing = client.close()
    client.destroy()
    client.destroy()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: CLOSED })
    }
    await closing
    await expect(client.connect()).rejects.toMatchObject(CLOSED)
    expect(client.isConnected).toBe(false)
    expect(client.inFlight).toBe(0)
    await expect.poll(() => proxy.connections).toBe(0)
  })
})
