import type * as hash from '@mc/hash'
import type * as pool from '@mc/pool'
import { CLIENT_METHODS, METHODS, type MemcacheClient, MemcacheServerError } from '@mc/protocol'
import { clientContract, MockMemcacheClient, serverCommandsContract } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

describe('a row of METHODS', () => {
  interface Sniffing {
    sniff(key: string, options?: object): Promise<string>
  }
  const rows = METHODS as Record<string, unknown>

  beforeEach(() => {
    rows.sniff = { ...METHODS.get, name: 'sniff' }
    vi.resetModules()
  })
  afterEach(() => {
    delete rows.sniff
    vi.resetModules()
  })

  /** A client whose `sniff` fails this many times before it answers. */
  function sniffer(failures: number): MemcacheClient & Sniffing {
    let left = failures
    const inner = new MockMemcacheClient() as unknown as MemcacheClient & Sniffing
    inner.sniff = async (key) => {
      if (left-- > 0) throw new MemcacheServerError('busy')
      return `smells of ${key}`
    }
    return inner
  }

  test('gives the method to PooledClient, HashClient and retrying', async () => {
    vi.doMock('../../packages/protocol/src/methods.ts', () => ({
      METHODS: rows,
      CLIENT_METHODS: Object.keys(rows),
    }))
    const { PooledClient } = (await import('@mc/pool')) as typeof pool
    const { HashClient } = (await import('@mc/hash')) as typeof hash
    const { retrying } = await import('@mc/client')
    const one = sniffer(0)
    const pooled = new PooledClient('127.0.0.1:1', { createClient: () => one as never })
    const hashed = new HashClient(['127.0.0.1:1'], { createClient: () => one as never })
    for (const client of [pooled, hashed, retrying(sniffer(1))]) {
      const it = client as unknown as Sniffing
      expect(await it.sniff('roses')).toBe('smells of roses')
    }
    vi.doUnmock('../../packages/protocol/src/methods.ts')
  })
})

test('every method has a rule in the contract that calls it', async () => {
  const called = new Set<string>()
  const checks: (() => Promise<void>)[] = []
  const runner = {
    describe: (_: string, body: () => void) => body(),
    test: (_: string, body: () => Promise<void>) => void checks.push(body),
  }
  const create = (): MockMemcacheClient => {
    const mock = new MockMemcacheClient()
    mocks.push(mock)
    return mock
  }
  const mocks: MockMemcacheClient[] = []
  clientContract({ name: 'mock', create }, runner)
  serverCommandsContract({ name: 'mock', create }, runner)
  for (const check of checks) await check()
  for (const { calls } of mocks) for (const { method } of calls) called.add(method)
  expect(CLIENT_METHODS.filter((method) => !called.has(method))).toEqual([])
})
