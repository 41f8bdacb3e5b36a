import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stall, stallUntilSettled } from '../../../test-support/event-loop.ts'
import { Client, type ClientOptions } from '../src/index.ts'
import { ANSWER_ALL, ChildServer } from './child-server.ts'

describe('a process that stands still', () => {
  let server: ChildServer
  let client: Client
  beforeEach(async () => {
    server = await ChildServer.start(ANSWER_ALL)
  })
  afterEach(async () => {
    client.destroy()
    await server.stop()
  })

  function start(options: ClientOptions): Client {
    client = new Client(server.name, options)
    return client
  }

  test('between two calls of a turn takes the time of neither', async () => {
    start({ timeout: 500 })
    await client.connect()
    const first = client.get('a')
    stall(600)
    const second = client.get('b')
    expect(await Promise.all([first, second])).toEqual([undefined, undefined])
  })

  test('while it makes many calls has all of them answered', async () => {
    start({ timeout: 500 })
    await client.connect()
    const calls = Array.from({ length: 300 }, (_, i) => {
      stall(2)
      return client.set(`key${i}`, i)
    })
    expect(await Promise.all(calls)).toEqual(calls.map(() => true))
  })

  test('behind its calls gets the replies that came meanwhile', async () => {
    start({ timeout: 500 })
    await client.connect()
    const calls = Array.from({ length: 1000 }, (_, i) => client.get(`key${i}`))
    // The requests leave at the end of the turn.
    await new Promise((resolve) => setImmediate(resolve))
    stall(700)
    expect(await Promise.all(calls)).toEqual(calls.map(() => undefined))
    expect(client.isConnected).toBe(true)
  })

  test('while it connects has its calls answered', async () => {
    start({ timeout: 500, connectTimeout: 500 })
    const call = client.get('a')
    await new Promise((resolve) => setImmediate(resolve))
    stall(700)
    expect(await call).toBeUndefined()
  })
})

test('a server that does not answer is still found out in time', async () => {
  const server = await ChildServer.start('')
  const client = new Client(server.name, { timeout: 50, dialect: 'meta' })
  await client.connect()
  const call = client.get('a')
  await new Promise((resolve) => setImmediate(resolve))
  stall(100)
  await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT', written: true })
  client.destroy()
  await server.stop()
})

test('a connection whose end came while the process stood still takes no command', async () => {
  const server = await ChildServer.start(`${ANSWER_ALL}
    if (!globalThis.seen) setTimeout(() => socket.end(), 100)
    globalThis.seen = true`)
  const client = new Client(server.name)
  await client.connect()
  stall(300)
  // A timer that is due runs before the socket is read, as the first work of a thawed process does.
  await new Promise((resolve) => setTimeout(resolve, 1))
  expect(await client.set('a', 1)).toBe(true)
  client.destroy()
  await server.stop()
})

describe('a process that stands still again and again', () => {
  const OFTEN = 250
  let server: ChildServer
  let client: Client
  beforeEach(async () => {
    server = await ChildServer.start('socket.pause()')
  })
  afterEach(async () => {
    client.destroy()
    await server.stop()
  })

  test('gives up a server that does not answer the handshake', async () => {
    client = new Client(server.name, { connectTimeout: 100 })
    const attempt = stallUntilSettled(client.connect(), OFTEN)
    await expect(attempt).rejects.toMatchObject({ code: 'MEMCACHE_CONNECT' })
  })

  test('fails calls that wait for a connection', async () => {
    client = new Client(server.name, { timeout: 100, connectTimeout: 60_000 })
    const call = stallUntilSettled(client.get('a'), OFTEN)
    await expect(call).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT', written: false })
  })

  test('gives up a dump that goes silent', async () => {
    client = new Client(server.name, { timeout: 100 })
    const item = stallUntilSettled(client.metadump({ timeout: 100 }).next(), OFTEN)
    await expect(item).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
  })

  test('fails calls that the socket does not take', async () => {
    client = new Client(server.name, { timeout: 100, dialect: 'meta' })
    await client.connect()
    const value = Buffer.alloc(1_000_000)
    const calls = Array.from({ length: 20 }, (_, i) => client.set(`key${i}`, value))
    const codes = calls.map((call) => call.catch((error) => error.code))
    const settled = await stallUntilSettled(Promise.all(codes), OFTEN)
    expect(new Set(settled)).toEqual(new Set(['MEMCACHE_TIMEOUT']))
  })
})
