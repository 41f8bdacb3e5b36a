import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { Client, retrying } from '@mc/client'
import { HashClient } from '@mc/hash'
import { FaultProxy } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isTurn, runs } from '../../test-support/amounts.ts'
import { bundledText } from '../../test-support/bundle.ts'
import { CLIENT_KINDS } from '../src/clients.ts'
import {
  KINDS,
  needsOf,
  type RunningServer,
  startServer,
  TRANSPORTS,
  type Transport,
} from '../src/servers.ts'

// The ways in which memcached clients for Node are known to fail, one test each. Two are tested elsewhere:
// Unix sockets without TLS in client-contract.test.ts, writes without back-pressure in overload.test.ts.

const DIALECTS = ['meta', 'text'] as const
const KEYS = Array.from({ length: 50 }, (_, i) => `key${i}`)
const itsValue = (key: string): string => `${key}=${'x'.repeat(100)}`

function transport(name: string): Transport {
  return TRANSPORTS.find((way) => way.name === name) ?? expect.unreachable()
}

for (const [k, kind] of KINDS.entries()) {
  const { tags } = needsOf(kind)
  // Quick runs have one client and one dialect on each kind of server.
  const clients = CLIENT_KINDS.filter((_, i) => isTurn(i + k, 3))
  const dialects = DIALECTS.filter((_, i) => isTurn(i + k, 2))
  describe(`on ${kind} memcached`, { tags: [...tags, 'long'] }, () => {
    let server: RunningServer
    let proxy: FaultProxy
    beforeEach(async () => {
      server = await startServer(kind, transport('TCP'))
      proxy = await FaultProxy.start(server.name)
    })
    afterEach(async () => {
      await proxy.stop()
      await server.stop()
    })

    test.each(dialects)(
      'the rest of a reply is not read in front of the next connection’s first, %s',
      async (dialect) => {
        const client = new Client(proxy.name, { dialect, reconnectDelay: { initial: 1, max: 1 } })
        await client.setMany(KEYS.map((key) => [key, itsValue(key)] as const))
        for (const fault of ['reset', 'half-close'] as const) {
          const injected = proxy.inject({ kind: fault, at: 'value', times: 1 })
          const outcomes = await Promise.allSettled(KEYS.map((key) => client.get(key)))
          expect(injected.count).toBe(1)
          for (const [i, outcome] of outcomes.entries()) {
            if (outcome.status === 'fulfilled') expect(outcome.value).toBe(itsValue(KEYS[i] ?? ''))
          }
          for (const key of KEYS) {
            await expect.poll(() => client.get(key).catch(() => 'not yet')).toBe(itsValue(key))
          }
        }
        await client.close()
      },
    )

    test.each(clients)(
      'callers of one moment share attempts to connect, and close leaves no socket: $name',
      async ({ create, connections }) => {
        const client = create(proxy.name)
        for (let round = 1; round <= 3; round++) {
          await Promise.allSettled(KEYS.map((key) => client.get(key)))
          proxy.resetConnections()
          await expect.poll(() => proxy.connections).toBe(0)
          await expect.poll(() => client.get('key').catch(() => 'not yet')).toBeUndefined()
          expect(proxy.counts.connections).toBeLessThanOrEqual((round + 1) * connections)
        }
        await client.close()
        await expect.poll(() => proxy.connections).toBe(0)
      },
    )

    test.each(clients)(
      'writes to a server that hangs do not put off anybody’s timeout: $name',
      async ({ create }) => {
        const client = create(proxy.name, { timeout: 200 })
        await client.set('key', 'value', { timeout: 20_000 })
        proxy.inject({ kind: 'stall' })
        const start = performance.now()
        let waits = true
        const first = client.get('key').catch((error: unknown) => error)
        first.then(() => {
          waits = false
        })
        while (waits) {
          client.set('key', 'more').catch(() => {})
          await new Promise((resolve) => setImmediate(resolve))
        }
        expect(await first).toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
        expect(performance.now() - start).toBeLessThan(10_000)
        proxy.clear()
        await client.close()
      },
    )

    test.each(dialects)(
      'a connection closed in good order forgets no caller, %s',
      async (dialect) => {
        const client = new Client(proxy.name, { dialect, timeout: 60_000 })
        await client.set('key', 'value')
        proxy.inject({ kind: 'half-close', times: 1 })
        const outcomes = await Promise.allSettled(KEYS.map((key) => client.set(key, 1)))
        expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') {
            expect(outcome.reason).toMatchObject({
              code: 'MEMCACHE_UNEXPECTED_CLOSE',
              written: true,
            })
          }
        }
        await client.close()
      },
    )

    test.each(clients)('a failure is an error, never a miss: $name', async ({ create }) => {
      const client = create(proxy.name)
      await client.set('key', 'value')
      await proxy.stop()
      for (let i = 0; i < 5; i++) {
        await expect(client.get('key', { default: 'miss' })).rejects.toThrow()
        await expect(client.getMany(['key', 'other'])).rejects.toThrow()
      }
      await client.close()
    })

    test.each(clients)('a request refused costs only its caller: $name', async ({ create }) => {
      const client = create(proxy.name)
      await client.set('key', 'value')
      const { connections } = proxy.counts
      for (let i = 0; i < 10; i++) {
        const large = client.set('large', Buffer.alloc(2 * 1024 ** 2))
        const [refused, beside] = await Promise.allSettled([large, client.get('key')])
        expect(refused).toMatchObject({ reason: { code: 'MEMCACHE_SERVER_ERROR' } })
        expect(beside).toEqual({ status: 'fulfilled', value: 'value' })
        expect(await client.get('key')).toBe('value')
      }
      if (client instanceof HashClient) expect(client.servers[0]?.state).toBe('healthy')
      if (client instanceof Client) expect(proxy.counts.connections).toBe(connections)
      await client.close()
    })

    test('retries are on the wire', async () => {
      const inner = new Client(proxy.name, { timeout: 500, dialect: 'text' })
      const client = retrying(inner, { attempts: 3 })
      await client.set('key', 'value', { timeout: 5000 })
      const { commands } = proxy.counts
      proxy.inject({ kind: 'reset', times: 1 })
      expect(await client.set('key', 'value')).toBe(true)
      expect(proxy.counts.commands - commands).toBe(2)
      await client.close()
    })

    test('thousands of commands in flight each have their own answer', async () => {
      const client = new Client(proxy.name, { dialect: 'meta', timeout: 20_000 })
      await client.setMany(KEYS.map((key) => [key, itsValue(key)] as const))
      const keys = Array.from({ length: runs(5000, 20_000) }, (_, i) => KEYS[i % KEYS.length] ?? '')
      expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys.map(itsValue))
      await client.close()
    })

    test.each(dialects)('prepend puts in front and append behind, %s', async (dialect) => {
      const client = new Client(proxy.name, { dialect })
      await client.set('key', 'mid')
      await client.prepend('key', 'PRE-')
      await client.append('key', '-POST')
      expect(await client.get('key')).toBe('PRE-mid-POST')
      await client.close()
    })

    test('counters above 32 bits come back as they are', async () => {
      const client = new Client(proxy.name)
      await client.set('n', 4_294_967_296)
      expect(await client.incr('n', 5)).toBe(4_294_967_301)
      expect(await client.get('n')).toBe(4_294_967_301)
      await client.set('n', 2n ** 64n - 2n)
      expect(await client.incr('n', 1n)).toBe(2n ** 64n - 1n)
      await client.close()
    })

    test('a constructor does nothing that can fail later', async () => {
      for (const wrong of ['', 'http://localhost', 'localhost:0', 'host:port:more', 'a\r\nb']) {
        for (const { create } of CLIENT_KINDS) expect(() => create(wrong)).toThrow(/address|server/)
      }
      expect(new HashClient([server.name, server.name]).servers).toHaveLength(1)
      for (const { create } of CLIENT_KINDS) create(proxy.name)
      expect(proxy.counts.connections).toBe(0)
    })

    test('after authentication two requests in flight both have their own answer', async () => {
      const way = transport('authentication')
      const guarded = await startServer(kind, way)
      for (const { create } of CLIENT_KINDS) {
        const client = create(guarded.name, way.clientOptions)
        expect(await Promise.all(KEYS.map((key) => client.set(key, itsValue(key))))).not.toContain(
          false,
        )
        const cold = create(guarded.name, way.clientOptions)
        const values = await Promise.all(KEYS.map((key) => cold.get(key)))
        expect(values).toEqual(KEYS.map(itsValue))
        await Promise.all([client.close(), cold.close()])
      }
      await guarded.stop()
    })

    test('no timer and no socket outlives close: the process ends by itself', async () => {
      const script = `
        import { Client, retrying } from '@mc/client'
        import { HashClient } from '@mc/hash'
        import { PooledClient } from '@mc/pool'
        const options = { timeout: 600_000, connectTimeout: 600_000 }
        const clients = ['${server.name}', '127.0.0.1:1'].flatMap((name) => [
          new Client(name, options),
          retrying(new Client(name, options), { retryDelay: 1 }),
          new HashClient([name], { ...options, deadTimeout: 600_000 }),
          new PooledClient(name, { ...options, poolIdleTimeout: 600_000 }),
        ])
        const signal = AbortSignal.timeout(600_000)
        for (const client of clients) await client.set('key', 1, { signal }).catch(() => {})
        for (const client of clients) await client.close()
        console.log('closed')`
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [bundledText(script, new URL('..', import.meta.url))],
        {
          timeout: 25_000,
        },
      )
      expect(stdout).toBe('closed\n')
    })

    test.each(clients)(
      'values and times that make replies odd crash nothing: $name',
      async ({ create }) => {
        const client = create(proxy.name)
        for (const value of [
          '',
          '\r\n',
          '\r\nEND\r\n',
          'END',
          'VALUE key 0 1\r\nx',
          'ERROR\r\n',
          'STORED',
        ]) {
          expect(await client.set('odd', value)).toBe(true)
          expect(await client.get('odd')).toBe(value)
          expect(await client.getMany(['odd', 'none'])).toEqual(new Map([['odd', value]]))
        }
        await expect(client.set('odd', 1, { expire: 0.5 })).rejects.toMatchObject({
          code: 'MEMCACHE_ILLEGAL_INPUT',
        })
        await client.close()
      },
    )
  })
}

test.each(CLIENT_KINDS)(
  'a server that is down at the start settles every call: $name',
  async ({ create }) => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    listener.close()
    await once(listener, 'close')
    const client = create(`127.0.0.1:${port}`, { timeout: 60_000 })
    const calls = [client.get('key'), client.set('key', 1), client.getMany(['a', 'b'])]
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'MEMCACHE_CONNECT' } })
    }
    await client.close()
  },
)
