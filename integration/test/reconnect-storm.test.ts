import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { MemcacheError } from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { isLong, isTurn } from '../../test-support/amounts.ts'
import { CLIENT_KINDS } from '../src/clients.ts'

const CALLERS = isLong ? 1000 : 200
const MILLISECONDS = isLong ? 1200 : 300

/** As many attempts as waits of 50, 100, 200 ms and so on, all a quarter shorter, leave room for. */
function mostAttempts(milliseconds: number): number {
  let attempts = 1
  for (let at = 0, delay = 50; at <= milliseconds; delay *= 2) {
    attempts++
    at += delay * 0.75
  }
  return attempts
}

let server: Server | undefined
afterEach(async () => {
  server?.close()
  server = undefined
})

/** Counts connections, each of which it ends at once. */
async function startRefusing(end: 'reset' | 'close') {
  let attempts = 0
  server = createServer((socket) => {
    attempts++
    socket.on('error', () => {})
    if (end === 'reset') socket.resetAndDestroy()
    else socket.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { name: `127.0.0.1:${port}`, port, attempts: () => attempts }
}

describe.each(CLIENT_KINDS.filter((_, i) => isTurn(i, CLIENT_KINDS.length)))(
  `${CALLERS} callers of a $name`,
  { tags: ['long'] },
  ({ create, connections }) => {
    test.each(['reset', 'close'] as const)(
      'make a handful of attempts to reach a server that answers with a %s',
      async (end) => {
        const dead = await startRefusing(end)
        const client = create(dead.name, { dialect: 'text' })
        const start = performance.now()
        const until = start + MILLISECONDS
        let calls = 0
        await Promise.all(
          Array.from({ length: CALLERS }, async () => {
            while (performance.now() < until || dead.attempts() < 2 || calls <= CALLERS) {
              const error = await client.get('key').catch((reason: unknown) => reason)
              expect(error).toBeInstanceOf(MemcacheError)
              calls++
              await new Promise((resolve) => setImmediate(resolve))
            }
          }),
        )
        const most = mostAttempts(performance.now() - start)
        expect(dead.attempts()).toBeLessThanOrEqual(most * connections)
        await client.close()
      },
    )

    const patient = { timeout: 20_000, ...(connections > 1 && { acquireTimeout: 20_000 }) }

    test('are served within the wait once the server is back', async () => {
      const dead = await startRefusing('reset')
      const client = create(dead.name, { ...patient, reconnectDelay: { initial: 20, max: 40 } })
      await Promise.allSettled(Array.from({ length: CALLERS }, () => client.get('key')))
      server?.close()
      await using back = await MemcachedServer.start({ port: dead.port })
      const start = performance.now()
      await expect
        .poll(() => client.set('key', 'back').catch(() => false), { timeout: 20_000, interval: 10 })
        .toBe(true)
      expect(performance.now() - start).toBeLessThan(10_000)
      expect(
        new Set(await Promise.all(Array.from({ length: CALLERS }, () => client.get('key')))),
      ).toEqual(new Set(['back']))
      await client.close()
      await back.stop()
    })
  },
)
