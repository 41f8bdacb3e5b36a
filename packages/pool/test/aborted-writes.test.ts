import { once } from 'node:events'
import { FaultProxy, MemcachedServer } from '@mc/testing'
import { expect, test } from 'vitest'
import { PooledClient } from '../src/index.ts'

test('an aborted write that is still on its way comes behind no newer one', async () => {
  const server = await MemcachedServer.start()
  const proxy = await FaultProxy.start(server.name)
  const client = new PooledClient(proxy.name, { timeout: 20_000, maxPoolSize: 4, dialect: 'text' })
  // Two connections, of which one is to be late.
  await Promise.all([client.set('a', 0), client.set('b', 0)])
  const late = proxy.inject({ kind: 'stall', direction: 'requests', at: 'start', times: 1 })
  const controller = new AbortController()
  const aborted = client.set('key', 'v1', { signal: controller.signal })
  const gone = once(client, 'destroy')
  await expect.poll(() => late.count).toBe(1)
  controller.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  await gone
  expect(await client.set('key', 'v2')).toBe(true)
  late.remove()
  for (let i = 0; i < 20; i++) expect(await client.get('key')).toBe('v2')
  await client.close()
  await proxy.stop()
  await server.stop()
})

test('an aborted read leaves its client in the pool', async () => {
  const server = await MemcachedServer.start()
  const client = new PooledClient(server.name, { maxPoolSize: 1 })
  let destroyed = 0
  client.on('destroy', () => destroyed++)
  await client.connect()
  const controller = new AbortController()
  const aborted = client.get('key', { signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  expect(await client.get('key')).toBeUndefined()
  expect(destroyed).toBe(0)
  await client.close()
  await server.stop()
})
