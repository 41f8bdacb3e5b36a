import { ElastiCacheClient } from '@aws-sdk/client-elasticache'
import { ElastiCacheApiServer, testCertificate } from '@mc/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  ElastiCacheHashClient,
  type ElastiCacheHashClientOptions,
  elastiCacheApi,
} from '../src/index.ts'
import { ServerlessCache } from './support/serverless-cache.ts'

let server: ServerlessCache
let api: ElastiCacheApiServer
let sdk: ElastiCacheClient
let cache: ElastiCacheHashClient
beforeEach(async () => {
  server = await ServerlessCache.start()
  const serverlessCaches = [{ name: 'my-cache', host: 'localhost', port: server.port }]
  api = await ElastiCacheApiServer.start({ serverlessCaches })
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  sdk = new ElastiCacheClient({ endpoint: api.url, region: 'us-east-1', credentials })
})
afterEach(async () => {
  await cache.close()
  sdk.destroy()
  await api.stop()
  await server[Symbol.asyncDispose]()
})

function connect(options: ElastiCacheHashClientOptions): ElastiCacheHashClient {
  const source = elastiCacheApi({ client: sdk, serverlessCacheName: 'my-cache' })
  cache = new ElastiCacheHashClient(source, { timeout: 10_000, allowNode: () => true, ...options })
  return cache
}

test('a serverless cache is spoken to within its limits, with as many and as long keys as there may be', async () => {
  connect({ tls: { ca: testCertificate().cert } })
  const entries = new Map(Array.from({ length: 700 }, (_, i) => [`${i}`.padEnd(250, 'k'), i]))
  expect(await cache.setMany(entries)).toEqual([])
  expect(await cache.getMany(entries.keys())).toEqual(entries)
  expect((await cache.getsMany(entries.keys())).size).toBe(700)
  await Promise.all([...entries.keys()].map((key) => cache.get(key)))
  await cache.flushAll()
  await cache.stats()
  await cache.version()
  expect(server.refused).toEqual([])
  expect(server.longestGet).toBeGreaterThan(8 * 1024)
})

test('what it does not take is an error that says so, and the connection goes on', async () => {
  connect({ tls: { ca: testCertificate().cert } })
  const refusal = 'delayed flush is not supported'
  await expect(cache.flushAll({ delay: 10 })).rejects.toThrow(refusal)
  await expect(cache.stats('items')).rejects.toMatchObject({ code: 'MEMCACHE_UNKNOWN_COMMAND' })
  expect(await cache.set('key', 1)).toBe(true)
  expect(server.refused).toEqual(['flush_all 10', 'stats items'])
})

test('TLS need not be asked for', async () => {
  connect({})
  await expect(cache.get('key')).rejects.toThrow('self-signed certificate')
})
