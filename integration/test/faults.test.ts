import { Client } from '@mc/client'
import { MemcacheError } from '@mc/protocol'
import { FaultProxy, MemcachedServer, type NetworkFault, type ServerFault } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isTurn } from '../../test-support/amounts.ts'
import { KINDS, needsOf, type RunningServer, startServer, TRANSPORTS } from '../src/servers.ts'

// Every value names its key: another's is seen at once.
const KEYS = Array.from({ length: 50 }, (_, i) => `key${i}`)
const itsValue = (key: string): string => `${key}=${'x'.repeat(200)}`

const MESSAGE_FAULTS: readonly NetworkFault[] = [
  { kind: 'split' },
  { kind: 'split', size: 'random' },
  { kind: 'delay', milliseconds: 20 },
  { kind: 'delay', milliseconds: 300, at: 'anywhere', times: 1 },
  { kind: 'stall' },
  { kind: 'stall', at: 'value' },
  { kind: 'drop', times: 1 },
  { kind: 'drop', times: 3, afterCommands: 5 },
  { kind: 'drop', rest: true },
  { kind: 'reset' },
  { kind: 'reset', at: 'value', times: 1 },
  { kind: 'reset', at: 'anywhere' },
  { kind: 'half-close' },
  { kind: 'half-close', at: 'value' },
  { kind: 'garbage' },
  { kind: 'garbage', bytes: 'HD\r\n', times: 1 },
  { kind: 'garbage', at: 'value' },
]

const NETWORK_FAULTS: readonly NetworkFault[] = [
  ...MESSAGE_FAULTS,
  ...MESSAGE_FAULTS.map((fault) => ({ ...fault, direction: 'requests' as const })),
]

const DIALECTS = ['meta', 'text'] as const

for (const [k, kind] of KINDS.entries()) {
  const { tags } = needsOf(kind)
  describe(`a Client of a ${kind} memcached survives`, { tags: [...tags, 'long'] }, () => {
    let server: RunningServer
    beforeAll(async () => {
      const [tcp] = TRANSPORTS
      if (tcp === undefined) throw new Error('no transport')
      server = await startServer(kind, tcp)
    })
    afterAll(() => server.stop())

    for (const [d, dialect] of DIALECTS.entries()) {
      for (const [i, fault] of NETWORK_FAULTS.entries()) {
        // Quick runs do every fault in one dialect of one kind of server.
        if (!isTurn(i + d + 2 * k, 4)) continue
        test(`${JSON.stringify(fault)}, ${dialect}`, async () => {
          const proxy = await startProxy(server.name)
          const client = connect(proxy.name, dialect)
          await fill(client)
          const injected = proxy.inject(fault)
          do await expectOwnValues(client)
          while (injected.count === 0)
          proxy.clear()
          await expectWorking(client)
        })
      }

      test(`refused connections, ${dialect}`, async () => {
        const proxy = await startProxy(server.name)
        const client = connect(proxy.name, dialect)
        const refuse = proxy.inject({ kind: 'refuse' })
        do await expectOwnValues(client)
        while (refuse.count === 0)
        proxy.clear()
        await expectWorking(client)
      })
    }
  })
}

const ERROR_LINE = 'SERVER_ERROR out of memory storing object'
const SERVER_FAULTS: readonly ServerFault[] = [
  { kind: 'error', line: ERROR_LINE, afterCommands: 3, times: 2 },
  { kind: 'error', line: 'ERROR' },
  { kind: 'hang', afterCommands: 3 },
  { kind: 'hang', command: ['get', 'mg'], times: 1 },
  { kind: 'close', afterCommands: 3 },
  { kind: 'close', command: ['set', 'ms'], times: 1 },
]

describe('a Client survives a server that', { tags: ['long'] }, () => {
  for (const [d, dialect] of DIALECTS.entries()) {
    for (const [i, fault] of SERVER_FAULTS.entries()) {
      if (!isTurn(i + d, 2)) continue
      test(`does ${JSON.stringify(fault)}, ${dialect}`, async () => {
        const server = await MemcachedServer.start()
        onTestFinished(() => server.stop())
        const client = connect(server.name, dialect)
        await fill(client)
        const injected = server.inject(fault)
        do await expectOwnValues(client)
        while (injected.count === 0)
        server.clearFaults()
        await expectWorking(client)
      })
    }
  }

  test('refuses a command: only that fails, with the line as it came', async () => {
    const server = await MemcachedServer.start()
    onTestFinished(() => server.stop())
    const client = connect(server.name, 'meta')
    await client.version()
    server.inject({ kind: 'error', line: ERROR_LINE, command: 'ms', afterCommands: 1, times: 1 })
    const outcomes = await Promise.allSettled(KEYS.map((key) => client.set(key, itsValue(key))))
    const failures = outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))
    expect(failures).toEqual([1])
    expect(outcomes[1]).toMatchObject({
      reason: { code: 'MEMCACHE_SERVER_ERROR', message: expect.stringContaining('out of memory') },
    })
    expect(server.snapshot()).toHaveLength(KEYS.length - 1)
  })
})

async function startProxy(server: string): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(server)
  onTestFinished(() => proxy.stop())
  return proxy
}

function connect(server: string, dialect: (typeof DIALECTS)[number]): Client {
  const reconnectDelay = { initial: 1, max: 5 }
  const client = new Client(server, { dialect, timeout: 150, connectTimeout: 500, reconnectDelay })
  onTestFinished(() => client.destroy())
  return client
}

/** Gives every key its value, on a busy machine as well. */
async function fill(client: Client): Promise<void> {
  const entries = KEYS.map((key) => [key, itsValue(key)] as const)
  expect(await client.setMany(entries, { timeout: 20_000 })).toEqual([])
}

/** Reads and writes at once: every promise settles, and none with another key's value. */
async function expectOwnValues(client: Client): Promise<void> {
  const check = (key: string, value: unknown): void => {
    expect([undefined, itsValue(key)], key).toContain(value)
  }
  const calls = KEYS.flatMap((key, i) => [
    client.get(key).then((value) => check(key, value)),
    client.set(key, itsValue(key)),
    client.gets(key).then((item) => check(key, item?.value)),
    client.getMany(KEYS.slice(i, i + 5)).then((found) => {
      for (const [each, value] of found) check(String(each), value)
    }),
  ])
  for (const outcome of await Promise.allSettled(calls)) {
    if (outcome.status === 'fulfilled') continue
    // Anything else is an assertion that failed above.
    if (!(outcome.reason instanceof MemcacheError)) throw outcome.reason
  }
}

/** Comes back by itself, and all is as it should be. */
async function expectWorking(client: Client): Promise<void> {
  for (const key of KEYS) {
    const write = () => client.set(key, itsValue(key)).catch(() => false)
    await expect.poll(write, { timeout: 5000 }).toBe(true)
  }
  const found = await client.getMany(KEYS)
  expect(found).toEqual(new Map(KEYS.map((key) => [key, itsValue(key)])))
}
