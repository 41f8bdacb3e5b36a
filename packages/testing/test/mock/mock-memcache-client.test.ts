import { inspect } from 'node:util'
import {
  MemcacheClosedError,
  MemcacheServerError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
} from '@mc/protocol'
import { rawSerde } from '@mc/serde'
import { describe, expect, test } from 'vitest'
import { clientContract, MockMemcacheClient, serverCommandsContract } from '../../src/index.ts'

const runner = { describe: describe as never, test: test as never }

for (const dialect of ['meta', 'text'] as const) {
  const create = () => new MockMemcacheClient({ dialect })
  clientContract({ name: `MockMemcacheClient, ${dialect}`, create }, runner)
  serverCommandsContract({ name: `MockMemcacheClient, ${dialect}`, create }, runner)
}

const lost = new MemcacheUnexpectedCloseError('the line is dead', { server: 'mock' })

describe('time', () => {
  test('is the clock that it is given', async () => {
    let now = 1_800_000_000_000
    const mock = new MockMemcacheClient({ now: () => now })
    await mock.set('minute', 1, { expire: 60 })
    await mock.set('quarter', 2, { expire: 90 * 86_400 })
    now += 59_000
    expect(await mock.get('minute')).toBe(1)
    now += 1000
    expect(await mock.get('minute')).toBeUndefined()
    // Longer than the 30 days from which memcached reads a Unix time.
    now += 89 * 86_400_000
    expect(await mock.get('quarter')).toBe(2)
    now += 86_400_000
    expect(await mock.get('quarter')).toBeUndefined()
  })

  test('passes before an answer when there is latency', async () => {
    const waits: number[] = []
    const sleep = async (milliseconds: number) => waits.push(milliseconds)
    const mock = new MockMemcacheClient({ latency: 20, sleep })
    expect(await mock.set('key', 'v')).toBe(true)
    expect(await mock.get('key')).toBe('v')
    expect(waits).toEqual([20, 20])
    await expect(mock.get('key', { timeout: 5 })).rejects.toThrow(MemcacheTimeoutError)
    expect(waits).toEqual([20, 20, 5])
    // As a slow server would have: the write was done.
    await expect(mock.set('late', 1, { timeout: 5 })).rejects.toThrow(MemcacheTimeoutError)
    mock.latency = 0
    expect(await mock.get('late')).toBe(1)
    expect(waits.length).toBe(4)
  })

  test('by timers leaves room for an abort', async () => {
    const mock = new MockMemcacheClient({ latency: 5 })
    const abort = new AbortController()
    const call = mock.get('key', { signal: abort.signal })
    abort.abort(new Error('not any more'))
    await expect(call).rejects.toThrow('not any more')
    await mock.close()
  })
})

describe('failNext', () => {
  test('fails the next call and no other', async () => {
    const mock = new MockMemcacheClient()
    await mock.set('key', 'v')
    mock.failNext(lost)
    await expect(mock.get('key')).rejects.toBe(lost)
    expect(await mock.get('key')).toBe('v')
  })

  test('fails so many calls of a method, each of them whole', async () => {
    const mock = new MockMemcacheClient()
    const busy = new MemcacheServerError('busy', { server: 'mock' })
    mock.failNext(busy, { method: 'setMany', times: 2 })
    expect(await mock.set('other', 1)).toBe(true)
    const entries = { a: 1, b: 2 }
    await expect(mock.setMany(entries)).rejects.toBe(busy)
    await expect(mock.setMany(entries)).rejects.toBe(busy)
    expect(await mock.get('a')).toBeUndefined()
    expect(await mock.setMany(entries)).toEqual([])
    mock.failNext(lost, { method: 'getMany' })
    await expect(mock.getMany(['a', 'b'])).rejects.toBe(lost)
    expect(await mock.getMany(['a', 'b'])).toEqual(new Map(Object.entries(entries)))
  })

  test('is seen as the options of the client have it', async () => {
    const mock = new MockMemcacheClient({ ignoreExc: true })
    mock.failNext(lost)
    expect(await mock.get('key', { default: 'none' })).toBe('none')
    const errors: Error[] = []
    mock.on('error', (error) => errors.push(error))
    mock.failNext(lost)
    await expect(mock.set('key', 1, { noreply: true })).rejects.toBe(lost)
    await mock.add('key', 'v')
    await mock.append('key', 'x'.repeat(2_000_000), { noreply: true })
    await expect.poll(() => errors.length).toBe(1)
  })

  test('waits for a call that would reach the server', async () => {
    const mock = new MockMemcacheClient()
    mock.failNext(lost)
    await expect(mock.get('bad key')).rejects.toMatchObject({ code: 'MEMCACHE_ILLEGAL_INPUT' })
    await expect(mock.get('key')).rejects.toBe(lost)
  })

  test.each([
    ['no error', () => new MockMemcacheClient().failNext('error' as never), TypeError],
    [
      'no method',
      () => new MockMemcacheClient().failNext(lost, { method: 'x' as never }),
      TypeError,
    ],
    ['no times', () => new MockMemcacheClient().failNext(lost, { times: 0 }), RangeError],
  ])('refuses %s', (_, call, type) => {
    expect(call).toThrow(type)
  })
})

test('calls are noted as they were made, with what came of them', async () => {
  const mock = new MockMemcacheClient()
  await mock.setMany({ a: 1, b: 2 }, { expire: 5 })
  const pending = mock.get('a', { default: 0 })
  expect(mock.calls[1]).toEqual({
    method: 'get',
    args: ['a', { default: 0 }],
    result: undefined,
    error: undefined,
  })
  await pending
  await mock.getMany(['a', 'b', 'c'])
  mock.failNext(lost)
  await mock.incr('a').catch(() => undefined)
  expect(mock.calls.map(({ method, result, error }) => [method, result, error])).toEqual([
    ['setMany', [], undefined],
    ['get', 1, undefined],
    ['getMany', new Map(Object.entries({ a: 1, b: 2 })), undefined],
    ['incr', undefined, lost],
  ])
  mock.clearCalls()
  expect(mock.calls).toEqual([])
})

test('clear removes the items', async () => {
  const mock = new MockMemcacheClient<Uint8Array>({ serde: rawSerde, keyPrefix: 'p:' })
  await mock.set('key', Buffer.from('v'))
  expect(mock.snapshot()).toMatchObject([{ key: 'p:key' }])
  mock.clear()
  expect(mock.snapshot()).toEqual([])
  expect(await mock.get('key')).toBeUndefined()
})

test('items beyond the size limit are refused, and the least recently used make room', async () => {
  const mock = new MockMemcacheClient({ itemSizeMax: 2048, memoryLimit: 100_000 })
  await expect(mock.set('key', 'x'.repeat(3000))).rejects.toThrow(MemcacheServerError)
  for (let i = 0; i < 200; i++) await mock.set(`key:${i}`, 'x'.repeat(1000))
  expect(await mock.get('key:0')).toBeUndefined()
  expect(await mock.get('key:199')).toBe('x'.repeat(1000))
  expect(() => new MockMemcacheClient({ memoryLimit: 0 })).toThrow(RangeError)
})

test('close waits for what is under way', async () => {
  const mock = new MockMemcacheClient({ latency: 3 })
  const call = mock.set('key', 1)
  await mock.close()
  expect(await call).toBe(true)
  await expect(mock.connect()).rejects.toThrow(MemcacheClosedError)
  expect(inspect(mock)).toBe("MockMemcacheClient { server: 'mock', calls: 1 }")
})
