import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FaultProxy, MemcachedServer, MockMemcacheClient, memcached } from '../src/index.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Sends a line and resolves with what comes back first. */
async function exchange(name: string, line: string): Promise<string> {
  const [host = '', port] = name.split(':')
  const socket: Socket = connect(Number(port), host)
  try {
    socket.write(`${line}\r\n`)
    const [chunk] = await once(socket, 'data')
    return String(chunk)
  } finally {
    socket.destroy()
  }
}

describe.each([
  ['under fake timers', () => void vi.useFakeTimers()],
  [
    'after fake timers',
    () => {
      vi.useFakeTimers()
      vi.useRealTimers()
    },
  ],
])('%s', (_about, prepare) => {
  beforeEach(prepare)

  test('the mock answers, latency and all', async () => {
    const mock = new MockMemcacheClient({ latency: 1 })
    expect(await mock.set('k', 'v', { expire: 60 })).toBe(true)
    expect(await mock.get('k')).toBe('v')
    await mock.close()
  })

  test('the embedded server answers', async () => {
    await using server = await MemcachedServer.start()
    expect(await exchange(server.name, 'set k 0 60 1\r\nv\r\nget k')).toMatch(/^STORED\r\n/)
    const hang = server.inject({ kind: 'hang', command: 'get' })
    const got = exchange(server.name, 'get k')
    await server.waitFor(2, 'get')
    hang.remove()
    expect(await got).toBe('VALUE k 0 1\r\nv\r\nEND\r\n')
  })

  test('the fault proxy delays and splits', async () => {
    await using server = await MemcachedServer.start()
    const proxy = await FaultProxy.start(server.name)
    proxy.inject({ kind: 'delay', milliseconds: 1 })
    proxy.inject({ kind: 'split', direction: 'requests' })
    expect(await exchange(proxy.name, 'mn')).toBe('MN\r\n')
    await proxy.stop()
  })

  test('a real memcached starts and stops', { tags: ['memcached'] }, async () => {
    await using server = await memcached.start()
    expect(await exchange(server.name, 'mn')).toBe('MN\r\n')
  })
})

describe('the clock of a test that has fake timers', () => {
  test('lets items of the mock and the embedded server expire', async () => {
    const mock = new MockMemcacheClient()
    await using server = await MemcachedServer.start()
    vi.useFakeTimers()
    await mock.set('k', 'v', { expire: 60 })
    await exchange(server.name, 'set k 0 60 1\r\nv')
    vi.advanceTimersByTime(61_000)
    expect(await mock.get('k')).toBeUndefined()
    expect(await exchange(server.name, 'get k')).toBe('END\r\n')
  })

  test('may stand at a time before their start', async () => {
    const mock = new MockMemcacheClient()
    vi.useFakeTimers({ now: new Date('2001-01-01') })
    for (const expire of [60, 40 * 24 * 3600, new Date('2001-01-02')]) {
      await mock.set('k', 'v', { expire })
      expect(await mock.get('k')).toBe('v')
    }
    for (const expire of [-1, new Date('2000-12-31')]) {
      await mock.set('k', 'v', { expire })
      expect(await mock.get('k')).toBeUndefined()
    }
    await mock.set('k', 'v')
    await mock.flushAll()
    expect(await mock.get('k')).toBeUndefined()
  })
})

test('failNext takes an error of another realm, and no other value', async () => {
  const mock = new MockMemcacheClient()
  const foreign: Error = runInNewContext('new Error("foreign")')
  expect(foreign instanceof Error).toBe(false)
  mock.failNext(foreign)
  await expect(mock.get('k')).rejects.toBe(foreign)
  for (const value of ['text', null, undefined, {}, 5]) {
    expect(() => mock.failNext(value as never)).toThrow(TypeError)
  }
})

test('a fault takes bytes of another realm', async () => {
  await using server = await MemcachedServer.start()
  const proxy = await FaultProxy.start(server.name)
  proxy.inject({ kind: 'garbage', bytes: runInNewContext('new Uint8Array([88, 13, 10])') })
  expect(await exchange(proxy.name, 'mn')).toMatch(/^X\r\n/)
  await proxy.stop()
})
