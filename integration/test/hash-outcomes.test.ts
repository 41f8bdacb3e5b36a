import { once } from 'node:events'
import { createServer } from 'node:net'
import { retrying } from '@mc/client'
import { HashClient } from '@mc/hash'
import { MemcacheConnectError, MemcachePartialError } from '@mc/protocol'
import { FaultProxy, MemcachedServer } from '@mc/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

let server: MemcachedServer
let proxy: FaultProxy
beforeEach(async () => {
  server = await MemcachedServer.start()
  proxy = await FaultProxy.start(server.name)
})
afterEach(async () => {
  await proxy.stop()
  await server.stop()
})

test('a setMany whose connection ends after 300 replies tells the outcome of all 3,000 entries', async () => {
  const stored = new Set<string>()
  const brief = createServer((socket) => {
    let unread = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      unread += chunk
      for (const [, key = ''] of unread.matchAll(/set (\S+) .*\r\n.*\r\n/g)) {
        if (stored.size === 300) break
        stored.add(key)
        socket.write('STORED\r\n')
      }
      unread = unread.slice(unread.lastIndexOf('set '))
      if (stored.size === 300) socket.end()
    })
  }).listen(0, '127.0.0.1')
  await once(brief, 'listening')
  const { port } = brief.address() as { port: number }
  const client = new HashClient([['127.0.0.1', port]], { dialect: 'text', timeout: 10_000 })
  const entries = new Map(Array.from({ length: 3000 }, (_, i) => [`key${i}`, i]))
  const error: MemcachePartialError<unknown[]> = await client.setMany(entries).catch((e) => e)
  expect(error).toBeInstanceOf(MemcachePartialError)
  expect(error.results).toEqual([])
  expect(new Set(error.failed.keys())).toEqual(
    new Set([...entries.keys()].filter((key) => !stored.has(key))),
  )
  await client.close()
  brief.close()
})

test('a counter that was not sent is tried again by a retrying', async () => {
  let now = 0
  const hash = new HashClient([proxy.name], { now: () => now })
  await hash.set('visits', 1)
  const refused = proxy.inject({ kind: 'reset', times: 1 })
  await expect(hash.set('key', 1)).rejects.toMatchObject({ written: true })
  refused.remove()
  await expect(hash.incr('visits')).rejects.toMatchObject({
    code: 'MEMCACHE_CONNECT',
    command: 'incr',
    written: false,
  })
  let attempts = 0
  hash.incr = new Proxy(hash.incr, {
    apply(method, client, args) {
      attempts++
      if (attempts === 2) now += 1000
      return Reflect.apply(method, client, args)
    },
  })
  const patient = retrying(hash, { attempts: 3, retryFor: [MemcacheConnectError] })
  expect(await patient.incr('visits')).toBe(2)
  expect(attempts).toBe(2)
  await hash.close()
})
