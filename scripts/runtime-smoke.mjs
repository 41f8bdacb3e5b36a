// What must work in whatever runs this, Node, Bun or Deno: the contract of the clients over every transport, failures,
// loads, compression, tracing, and that the process ends by itself. Needs the packages installed beside it.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { Client } from '@mc/client'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import { compressedSerde, nativeSerde } from '@mc/serde'
import {
  clientContract,
  FaultProxy,
  MemcachedServer,
  memcached,
  testCertificate,
} from '@mc/testing'

const CLIENTS = {
  Client: (server, options) => new Client(server, options),
  HashClient: (server, options) => new HashClient([server], options),
  PooledClient: (server, options) =>
    new PooledClient(server, { maxPoolSize: 2, acquireTimeout: 20_000, ...options }),
}
const certificate = testCertificate()
const trusting = { tls: { ca: certificate.cert } }
const folder = mkdtempSync(join(tmpdir(), 'mc-smoke-'))
const TRANSPORTS = {
  TCP: { server: {}, client: {} },
  'TCP, text dialect': { server: {}, client: { dialect: 'text' } },
  'Unix socket': { server: { path: join(folder, 'socket') }, client: {} },
  TLS: { server: { tls: certificate }, client: trusting },
}
const SERVERS = { 'embedded server': MemcachedServer }
if (memcached.find() !== undefined) SERVERS.memcached = memcached

/** Each way to fail, with the code that every client must reject with. */
const FAILURES = {
  'a server that is down': async (create) => {
    const server = await MemcachedServer.start()
    await server.stop()
    await rejects(create(server.name), 'MEMCACHE_CONNECT')
  },
  'a server that says nothing': (create) =>
    withServer({}, async (server) => {
      const proxy = await FaultProxy.start(server.name)
      const client = create(proxy.name, { timeout: 200 })
      await client.get('k')
      proxy.inject({ kind: 'stall' })
      await rejects(client, 'MEMCACHE_TIMEOUT')
      await proxy.stop()
    }),
  'a connection that is lost, and comes back': (create) =>
    withServer({}, async (server) => {
      const client = create(server.name)
      server.inject({ kind: 'close', command: ['ms', 'set'], times: 1 })
      await assert.rejects(client.set('k', 'v'), { code: 'MEMCACHE_UNEXPECTED_CLOSE' })
      while (!(await client.set('k', 'v').catch(() => false)));
      assert.equal(await client.get('k'), 'v')
      await client.close()
    }),
  'a certificate that nobody vouches for': (create) =>
    withServer({ tls: certificate }, (server) =>
      rejects(create(server.name, { tls: {} }), 'MEMCACHE_CONNECT'),
    ),
  'a certificate of another host': (create) =>
    withServer({ tls: certificate }, (server) => {
      const tls = { ...trusting.tls, servername: 'other.test' }
      return rejects(create(server.name, { tls }), 'MEMCACHE_CONNECT')
    }),
  'a wrong password': (create) =>
    withServer({ auth: { me: 'right' } }, async (server) => {
      const client = create(server.name, { username: 'me', password: 'right' })
      assert.equal(await client.set('k', 'v'), true)
      await client.close()
      await rejects(create(server.name, { username: 'me', password: 'wrong' }), 'MEMCACHE_CONNECT')
    }),
  'an abort in flight': (create) =>
    withServer({}, async (server) => {
      const client = create(server.name)
      await client.set('k', 'v')
      const hang = server.inject({ kind: 'hang' })
      const abort = new AbortController()
      const call = client.get('k', { signal: abort.signal })
      void server.waitFor(server.commandCount() + 1).then(() => abort.abort())
      await assert.rejects(call, { name: 'AbortError' })
      hang.remove()
      assert.equal(await client.get('k'), 'v')
      await client.close()
    }),
}

const LOADS = {
  '20 values of 1 MB at once': (create, options, tls) =>
    withServer(tls, async (server) => {
      const client = create(server.name, { ...options, timeout: 20_000 })
      const values = Array.from({ length: 20 }, (_, i) => Buffer.alloc(1_000_000, `${i}.`))
      await Promise.all(values.map((value, i) => client.set(`k${i}`, value)))
      const found = await client.getMany(values.map((_, i) => `k${i}`))
      for (const [i, value] of values.entries()) assert.ok(value.equals(found.get(`k${i}`)))
      await client.close()
    }),
  '10,000 commands at once': (create, options, tls) =>
    withServer(tls, async (server) => {
      const client = create(server.name, { ...options, timeout: 20_000 })
      const numbers = Array.from({ length: 10_000 }, (_, i) => i)
      await Promise.all(numbers.map((i) => client.set(`k${i}`, i)))
      assert.deepEqual(await Promise.all(numbers.map((i) => client.get(`k${i}`))), numbers)
      await client.close()
    }),
}

const ALGORITHMS = ['zlib', 'gzip', 'brotli']
if (zlib.zstdCompress !== undefined) ALGORITHMS.push('zstd')

let failures = 0
for (const [kind, program] of Object.entries(SERVERS)) {
  for (const [transport, options] of Object.entries(TRANSPORTS)) {
    const server = await program.start(options.server)
    const rules = {}
    for (const [name, create] of Object.entries(CLIENTS)) {
      clientContract(
        { name, create: () => create(server.name, options.client) },
        {
          describe: (_, body) => body(),
          test: (rule, body) => {
            rules[`${name}: ${rule}`] = body
          },
        },
      )
    }
    await check(`contract over ${transport}, ${kind}`, rules)
    await server.stop()
  }
}
await check('failures', timesClients(FAILURES))
await check('loads over TCP', timesClients(LOADS, {}, {}))
await check('loads over TLS', timesClients(LOADS, trusting, { tls: certificate }))
await check(
  `compression by ${ALGORITHMS.join(', ')}`,
  Object.fromEntries(ALGORITHMS.map((algorithm) => [algorithm, () => checkCompression(algorithm)])),
)
await check('tracing', { 'tells the caller’s context and what was found': checkTracing })
rmSync(folder, { recursive: true, force: true })
process.exitCode = failures === 0 ? 0 : 1

async function check(title, checks) {
  const problems = []
  for (const [name, body] of Object.entries(checks)) {
    await body().catch((error) => problems.push(`${name}: ${error.stack}`))
  }
  const count = Object.keys(checks).length
  console.log([`${title}: ${count - problems.length} of ${count}`, ...problems].join('\n'))
  failures += problems.length
}

function timesClients(checks, ...more) {
  return Object.fromEntries(
    Object.entries(CLIENTS).flatMap(([name, create]) =>
      Object.entries(checks).map(([what, body]) => [
        `${name}: ${what}`,
        async () => body(create, ...more),
      ]),
    ),
  )
}

async function withServer(options, use) {
  const server = await MemcachedServer.start(options)
  await use(server).finally(() => server.stop())
}

async function rejects(client, code) {
  await assert.rejects(client.get('k'), { code })
  await client.close()
}

function checkCompression(algorithm) {
  return withServer({}, async (server) => {
    const text = 'Again and again. '.repeat(1000)
    const client = new Client(server.name, { serde: compressedSerde(nativeSerde, { algorithm }) })
    await client.set('k', text)
    assert.equal(await client.get('k'), text)
    assert.ok(server.snapshot()[0].value.length < 1000)
    await client.close()
  })
}

async function checkTracing() {
  const caller = new AsyncLocalStorage()
  const seen = []
  const handlers = {
    start: ({ command }) => seen.push(`${command} by ${caller.getStore()}`),
    asyncEnd: ({ hits, keys = 1 }) => seen.push(`${hits} of ${keys}`),
  }
  const channel = tracingChannel('mc:command')
  channel.subscribe(handlers)
  await withServer({}, async (server) => {
    const client = new Client(server.name)
    await caller.run('one', () => client.get('k'))
    await caller.run('two', () => client.getMany(['k', 'l']))
    await client.close()
  })
  channel.unsubscribe(handlers)
  assert.deepEqual(seen, ['get by one', '0 of 1', 'getMany by two', '0 of 2'])
}
