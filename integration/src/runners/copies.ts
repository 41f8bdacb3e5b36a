// Clients of one copy of the packages over those of another, as two dependencies of a program may bring them.
import assert from 'node:assert'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Address } from '@mc/protocol'
import type * as Copy from './copy.ts'

export interface Runner {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
}

/** A server's name that nobody listens at. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}

export function copiesContract(one: typeof Copy, two: typeof Copy, runner: Runner): void {
  const { describe, test } = runner
  describe('clients of one copy over those of another', () => {
    test('the copies are two', async () => {
      assert.notStrictEqual(one.MemcacheConnectError, two.MemcacheConnectError)
      assert.ok(new two.MemcacheConnectError('no') instanceof one.MemcacheConnectError)
    })

    test('HashClient counts failures, and ignores them where it should', async () => {
      const [down, other] = [await nobody(), await nobody()]
      const createClient = (server: Address) =>
        new two.Client(server, { reconnectDelay: { initial: 1, max: 1 } })
      const options = { createClient, retryAttempts: 0, ignoreExc: true } as const
      const client = new one.HashClient([down, other], options)
      const failed = once(client, 'dead')
      for (let i = 0; i < 20; i++) assert.strictEqual(await client.get(`key${i}`), undefined)
      const [, error] = await failed
      assert.strictEqual(error.code, 'MEMCACHE_CONNECT')
      await client.close()
    })

    test('PooledClient lets a client go whose connection failed', async () => {
      const client = new one.PooledClient(await nobody(), {
        createClient: (server) => new two.Client(server),
      })
      const gone = once(client, 'destroy')
      await assert.rejects(client.get('key'), { code: 'MEMCACHE_CONNECT' })
      await gone
      await client.close()
    })

    test('retrying repeats what was not written, and nothing illegal', async () => {
      const inner = new two.MockMemcacheClient()
      inner.failNext(new two.MemcacheConnectError('no', { written: false }), { method: 'add' })
      assert.strictEqual(await one.retrying(inner).add('key', 1), true)
      let calls = 0
      inner.get = async () => {
        calls++
        throw new two.MemcacheIllegalInputError('no')
      }
      await assert.rejects(one.retrying(inner, { attempts: 9 }).get('key'))
      assert.strictEqual(calls, 1)
      const late = new two.MemcacheTimeoutError('late', { written: false })
      inner.failNext(late, { method: 'incr' })
      const picky = one.retrying(inner, { retryFor: [one.MemcacheTimeoutError] })
      assert.strictEqual(await picky.incr('key'), 2)
    })

    test('FallbackClient keeps what did come of a call of many keys', async () => {
      const newest = new two.MockMemcacheClient()
      const older = new two.MockMemcacheClient()
      await newest.set('a', 1)
      const failure = new two.MemcacheConnectError('no')
      const results = new Map([['b', 2]])
      older.getMany = (async () => {
        throw new two.MemcachePartialError(results, new Map([['c', failure]]))
      }) as never
      const client = new one.FallbackClient([newest, older])
      await assert.rejects(
        client.getMany(['a', 'b', 'c']),
        (error: Copy.MemcachePartialError<never>) => {
          assert.strictEqual(error.code, 'MEMCACHE_PARTIAL')
          assert.deepStrictEqual(
            [...(error.results as Map<string, number>)],
            [
              ['a', 1],
              ['b', 2],
            ],
          )
          assert.deepStrictEqual([...error.failed.keys()], ['c'])
          return true
        },
      )
    })

    test('a signal of this realm ends a call', async () => {
      const server = await one.MemcachedServer.start()
      const client = new two.Client(server.name)
      const controller = new AbortController()
      const call = client.get('key', { signal: controller.signal })
      controller.abort(new Error('enough'))
      await assert.rejects(call, { message: 'enough' })
      await client.close()
      await server.stop()
    })
  })
}
