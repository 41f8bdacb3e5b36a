import { getEventListeners } from 'node:events'
import type { MemcacheClient } from '@mc/protocol'
import { FaultProxy } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLIENT_KINDS } from '../src/clients.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

const VALUE = 'v'.repeat(5000)

type Call = (client: MemcacheClient, signal: AbortSignal) => Promise<unknown>

/** One command, several in one, and writes that do and do not wait. */
const CALLS: Readonly<Record<string, Call>> = {
  get: (client, signal) => client.get('aborted', { signal }),
  getMany: (client, signal) => client.getMany(['aborted', 'other'], { signal }),
  set: (client, signal) => client.set('aborted', 'new', { signal }),
  setMany: (client, signal) => client.setMany({ aborted: 'new', other: 'new' }, { signal }),
  incr: (client, signal) => client.incr('counter', 1, { signal }),
}

for (const kind of KINDS) {
  describe.each(CLIENT_KINDS)(
    `a call of $name on ${kind} memcached is aborted`,
    needsOf(kind),
    ({ create }) => {
      let server: RunningServer
      let proxy: FaultProxy
      let client: MemcacheClient
      const reason = new Error('changed my mind')

      beforeEach(async () => {
        const [tcp] = TRANSPORTS
        if (tcp === undefined) throw new Error('no transport')
        server = await startServer(kind, tcp)
        proxy = await FaultProxy.start(server.name)
        client = create(proxy.name, { timeout: 20_000, connectTimeout: 20_000 })
      })
      afterEach(async () => {
        proxy.clear()
        await client.close()
        await proxy.stop()
        await server.stop()
      })

      async function prepare(): Promise<void> {
        await client.setMany({ aborted: VALUE, other: VALUE, counter: 1, neighbour: 'mine' })
      }

      /** Each of the calls is to reject with the reason, leave no listener, and harm no neighbour. */
      async function expectAborted(when: (abort: () => void) => unknown, name?: string) {
        for (const call of name === undefined ? Object.values(CALLS) : [CALLS[name] as Call]) {
          const controller = new AbortController()
          const neighbour = client.get('neighbour')
          neighbour.catch(() => {})
          const outcome = call(client, controller.signal).catch((error: unknown) => error)
          await when(() => controller.abort(reason))
          expect(await outcome).toBe(reason)
          expect(getEventListeners(controller.signal, 'abort')).toEqual([])
          proxy.clear()
          expect(await neighbour).toBe('mine')
          expect(await client.get('neighbour')).toBe('mine')
          expect(await client.getMany(['neighbour', 'none'])).toEqual(
            new Map([['neighbour', 'mine']]),
          )
        }
      }

      test('before it begins: nothing is written', async () => {
        await prepare()
        const commands = proxy.counts.commands
        for (const call of Object.values(CALLS)) {
          await expect(call(client, AbortSignal.abort(reason))).rejects.toBe(reason)
        }
        expect(proxy.counts.commands).toBe(commands)
        expect(await client.get('aborted')).toBe(VALUE)
      })

      test('while it waits to be written', async () => {
        await prepare()
        await expectAborted((abort) => abort())
      })

      test('while the client connects', async () => {
        proxy.inject({ kind: 'stall' })
        const controller = new AbortController()
        const calls = Object.values(CALLS).map((call) => call(client, controller.signal))
        const outcomes = Promise.allSettled(calls)
        await expect.poll(() => proxy.counts.connections).toBeGreaterThan(0)
        controller.abort(reason)
        for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason })
        proxy.clear()
        await prepare()
        expect(await client.get('neighbour')).toBe('mine')
      })

      test('when it is written and unanswered', async () => {
        await prepare()
        await expectAborted(async (abort) => {
          const stall = proxy.inject({ kind: 'stall' })
          await expect.poll(() => stall.count).toBeGreaterThan(0)
          abort()
        })
      })

      test('when half of its answer has come', async () => {
        await prepare()
        const stall = proxy.inject({ kind: 'stall', at: 'value' })
        const controller = new AbortController()
        const outcome = client.get('aborted', { signal: controller.signal }).catch((error) => error)
        await expect.poll(() => stall.count).toBe(1)
        controller.abort(reason)
        expect(await outcome).toBe(reason)
        const next = client.get('neighbour')
        proxy.clear()
        expect(await next).toBe('mine')
        expect(await client.get('aborted')).toBe(VALUE)
      })

      test('after it was answered: nothing happens', async () => {
        await prepare()
        for (const call of Object.values(CALLS)) {
          const controller = new AbortController()
          await call(client, controller.signal)
          expect(getEventListeners(controller.signal, 'abort')).toEqual([])
          controller.abort(reason)
        }
        expect(await client.get('neighbour')).toBe('mine')
      })

      test('in the very turn in which its answer comes: it settles once, with the one or the other', async () => {
        await prepare()
        for (let i = 0; i < 50; i++) {
          const controller = new AbortController()
          const outcome = client
            .get('aborted', { signal: controller.signal })
            .catch((error) => error)
          const beside = client.get('neighbour').then(() => controller.abort(reason))
          expect([VALUE, reason]).toContain(await outcome)
          await beside
          expect(await client.get('neighbour')).toBe('mine')
        }
      })

      test('by AbortSignal.timeout, without a reason, and many by one signal', async () => {
        await prepare()
        proxy.inject({ kind: 'stall' })
        await expect(
          client.get('aborted', { signal: AbortSignal.timeout(5) }),
        ).rejects.toMatchObject({
          name: 'TimeoutError',
        })
        const controller = new AbortController()
        const { signal } = controller
        const calls = Array.from({ length: 500 }, () => client.get('aborted', { signal }))
        // Node warns of more than ten, and one is enough.
        expect(getEventListeners(signal, 'abort').length).toBe(1)
        const outcomes = Promise.allSettled(calls)
        controller.abort()
        for (const outcome of await outcomes) {
          expect(outcome).toMatchObject({ reason: { name: 'AbortError' } })
        }
        proxy.clear()
        expect(await client.get('neighbour')).toBe('mine')
      })
    },
  )
}
