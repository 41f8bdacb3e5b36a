import type { Client, ClientOptions } from '@mc/client'
import {
  MemcacheClientError,
  MemcacheClosedError,
  MemcacheConnectError,
  MemcacheIllegalInputError,
  MemcacheOverloadError,
  MemcachePartialError,
  MemcacheServerError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
  MemcacheUnknownError,
  type ServerSpec,
} from '@mc/protocol'
import { clientContract, FaultProxy, MemcachedServer, serverCommandsContract } from '@mc/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest'
import { runs } from '../../../test-support/amounts.ts'
import { PooledClient, type PooledClientOptions } from '../src/index.ts'
import { COMMANDS, call, type Fake, type FakeCall, fakeClient } from './fake-client.ts'
import { useFakeTime, useRealTime } from './fake-time.ts'

type Options = PooledClientOptions<unknown, Fake>

/** A pool of fakes that all answer alike, and the fakes it made. */
function pooled(answer?: (call: FakeCall) => unknown, options: Options = {}) {
  const made: Fake[] = []
  const client = new PooledClient<unknown, Fake>('cache', {
    ...options,
    createClient: () => {
      const fake = fakeClient(answer)
      made.push(fake)
      return fake
    },
  })
  return { client, made }
}

/** A promise and the function that fulfils it. */
function gate() {
  let open: (value?: unknown) => void = () => {}
  const opened = new Promise<unknown>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

const TOTAL = 'total_connections'

const throwing = (error: unknown) => () => {
  throw error
}

describe('on a server', () => {
  let server: MemcachedServer

  beforeAll(async () => {
    server = await MemcachedServer.start()
  })

  afterAll(() => server.stop())

  const runner = { describe, test }
  const patient = { timeout: 10_000, connectTimeout: 10_000, acquireTimeout: 10_000 }
  const create = () => new PooledClient(server.name, { maxPoolSize: 3, ...patient })
  clientContract({ name: 'PooledClient', create }, runner)
  serverCommandsContract({ name: 'PooledClient', create }, runner)

  test('calls at one time have connections of their own, up to maxPoolSize', async () => {
    const client = new PooledClient(server.name, { maxPoolSize: 3 })
    const before = (await client.stats())[TOTAL] as number
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.set(`key${i}`, i)))
    expect([client.size, client.inUse, client.waiting]).toEqual([3, 0, 0])
    const after = (await client.stats())[TOTAL] as number
    expect(after - before).toBe(2)
    await client.close()
  })

  test('an error behind a noreply surfaces as an event of the pool', async () => {
    const client = new PooledClient(server.name)
    const seen = new Promise((resolve) => client.on('error', resolve))
    await client.set('text', 'not a number')
    await client.incr('text', 1, { noreply: true })
    expect(await seen).toBeInstanceOf(MemcacheClientError)
    await client.close()
  })

  test('use lends one connection for a sequence of calls', async () => {
    const client = new PooledClient(server.name)
    const value = await client.use(async (own) => {
      expectTypeOf(own).toEqualTypeOf<Client>()
      await own.set('counter', '1')
      const read = await own.gets('counter')
      await own.cas('counter', '2', read?.cas ?? '')
      expect(client.inUse).toBe(1)
      return own.get('counter')
    })
    expect([value, client.inUse, client.size]).toEqual(['2', 0, 1])
    await client.close()
  })

  test('connect opens minPoolSize connections', async () => {
    const client = new PooledClient(server.name, { minPoolSize: 2 })
    await client.connect()
    expect(client.size).toBe(2)
    await client.use((first) =>
      client.use((second) => {
        expect([first.isConnected, second.isConnected]).toEqual([true, true])
      }),
    )
    await client.close()
  })

  test.each<[string, (client: PooledClient) => Promise<unknown>]>([
    ['get', (client) => client.get('key', { timeout: 20 })],
    ['getMany', (client) => client.getMany(['key'], { timeout: 20 })],
    ['set', (client) => client.set('key', 'value', { timeout: 20 })],
  ])(
    'serves the next call over another connection when a %s has no reply in time',
    async (_, call) => {
      const proxy = await FaultProxy.start(server.name)
      const client = new PooledClient(proxy.name, { timeout: 20_000, maxPoolSize: 1 })
      await client.set('key', 'value')
      const stall = proxy.inject({ kind: 'stall' })
      await expect(call(client)).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
      expect(client.size).toBe(0)
      stall.remove()
      expect(await client.get('key')).toBe('value')
      await client.close()
      await proxy.stop()
    },
  )
})

describe('lending', () => {
  test.each(Object.entries(COMMANDS))('%s runs on a client of the pool', async (command, args) => {
    const { client, made } = pooled(({ command: name }) => `answer of ${name}`)
    expect(await call(client, command, ...args)).toBe(`answer of ${command}`)
    const given = made[0]?.calls[0]?.args.slice(0, args.length)
    expect([given, client.inUse, client.size]).toEqual([args, 0, 1])
  })

  test.each(Object.entries(COMMANDS).filter(([command]) => command !== 'stats'))(
    '%s passes its options on',
    async (command, args) => {
      const { client, made } = pooled()
      const options = { signal: new AbortController().signal, noreply: false, timeout: 500 }
      await call(client, command, ...args, options)
      expect(made[0]?.calls[0]?.args).toEqual([...args, options])
    },
  )

  test('calls that come one after another share the client', async () => {
    const { client, made } = pooled()
    for (let i = 0; i < 5; i++) await client.get('key')
    expect(made.length).toBe(1)
  })

  test('an exhausted pool rejects with its state when acquireTimeout is over', async () => {
    const { opened, open } = gate()
    const { client } = pooled(() => opened, { maxPoolSize: 1, acquireTimeout: 5 })
    const first = client.get('key')
    const error = await client.set('key', 1).catch((it: unknown) => it)
    expect(error).toBeInstanceOf(MemcacheOverloadError)
    expect((error as Error).message).toBe(
      'cache:11211: none was free within 5 ms: size 1 of 1, 1 in use, 1 waiting',
    )
    open()
    await first
  })

  test('an abort ends the wait for a client', async () => {
    const { opened, open } = gate()
    const { client, made } = pooled(() => opened, { maxPoolSize: 1 })
    const first = client.get('key')
    const controller = new AbortController()
    const second = client.get('key', { signal: controller.signal })
    controller.abort(new Error('gone home'))
    await expect(second).rejects.toThrow('gone home')
    open()
    await first
    expect(made[0]?.calls.length).toBe(1)
  })

  test('what a call waits for its client counts towards its timeout', async () => {
    useFakeTime()
    try {
      const { opened, open } = gate()
      const { client, made } = pooled(() => opened, { maxPoolSize: 1 })
      const first = client.get('key')
      const patient = client.get('key', { timeout: 500 })
      const impatient = expect(client.get('key', { timeout: 200 })).rejects.toBeInstanceOf(
        MemcacheOverloadError,
      )
      await vi.advanceTimersByTimeAsync(200)
      await impatient
      open()
      await Promise.all([first, patient])
      expect(made[0]?.calls[1]?.args[1]).toEqual({ timeout: 300 })
    } finally {
      useRealTime()
    }
  })
})

describe('a client whose call failed', () => {
  test.each([
    new MemcacheConnectError('refused'),
    new MemcacheTimeoutError('no reply'),
    new MemcacheUnexpectedCloseError('gone'),
    new MemcacheUnknownError('nonsense'),
    new MemcachePartialError(true, new Map([['key', new MemcacheTimeoutError('no reply')]])),
  ])('on the connection, with $code, is destroyed', async (error) => {
    const { client, made } = pooled(throwing(error))
    await expect(client.set('key', 1)).rejects.toBe(error)
    expect([client.size, client.inUse]).toEqual([0, 0])
    expect([made[0]?.isDestroyed, made[0]?.isClosed]).toEqual([true, true])
  })

  test.each([
    new MemcacheIllegalInputError('key is empty'),
    new MemcacheClientError('non-numeric'),
    new MemcacheServerError('out of memory'),
    new Error('the reason of an abort'),
  ])('for another reason, with $name: $message, stays in the pool', async (error) => {
    const { client, made } = pooled(throwing(error))
    await expect(client.set('key', 1)).rejects.toBe(error)
    expect([client.size, client.inUse]).toEqual([1, 0])
    expect(made[0]?.isClosed).toBe(false)
  })

  test('in use() is destroyed or returned by the same rule', async () => {
    const { client } = pooled()
    await expect(client.use(throwing(new Error('mine')))).rejects.toThrow('mine')
    expect(client.size).toBe(1)
    await expect(client.use(throwing(new MemcacheTimeoutError('late')))).rejects.toThrow('late')
    expect(client.size).toBe(0)
  })
})

describe('a server that refuses connections', () => {
  test('is left alone until reconnectDelay is over, which doubles', async () => {
    useFakeTime()
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    try {
      let isDown = true
      const refusal = new MemcacheConnectError('refused')
      const { client, made } = pooled(() => (isDown ? throwing(refusal)() : 'value'), {
        reconnectDelay: { initial: 100, max: 200 },
      })
      const failures = await Promise.allSettled([client.get('a'), client.get('b')])
      expect(failures.map((it) => it.status)).toEqual(['rejected', 'rejected'])
      expect(made.length).toBe(2)
      const waiting = await client.get('key').catch((it: unknown) => it)
      expect(waiting).toBeInstanceOf(MemcacheConnectError)
      expect(waiting).toMatchObject({ cause: refusal, written: false, server: 'cache:11211' })
      expect((waiting as Error).message).toContain('waiting to connect again after: refused')
      const attemptsAfter = async (milliseconds: number) => {
        const before = made.length
        await vi.advanceTimersByTimeAsync(milliseconds)
        await expect(client.get('key')).rejects.toBeInstanceOf(MemcacheConnectError)
        return made.length - before
      }
      expect([await attemptsAfter(99), await attemptsAfter(1)]).toEqual([0, 1])
      expect([await attemptsAfter(199), await attemptsAfter(1)]).toEqual([0, 1])
      expect([await attemptsAfter(199), await attemptsAfter(1)]).toEqual([0, 1])
      isDown = false
      await vi.advanceTimersByTimeAsync(200)
      expect(await client.get('key')).toBe('value')
      isDown = true
      await expect(client.get('key')).rejects.toBe(refusal)
      expect([await attemptsAfter(99), await attemptsAfter(1)]).toEqual([0, 1])
    } finally {
      vi.restoreAllMocks()
      useRealTime()
    }
  })
})

describe('ignoreExc', () => {
  const misses: Readonly<Record<string, unknown>> = {
    get: undefined,
    gets: undefined,
    gat: undefined,
    gats: undefined,
    getMany: new Map(),
    getsMany: new Map(),
    stats: {},
  }
  const reads = Object.keys(misses)
  const writes = Object.keys(COMMANDS).filter((command) => !reads.includes(command))

  test.each(reads)(
    '%s answers a miss in place of a failure, which the pool sees',
    async (command) => {
      const { client } = pooled(throwing(new MemcacheTimeoutError('late')), { ignoreExc: true })
      expect(await call(client, command, ...COMMANDS[command]!)).toEqual(misses[command])
      expect(client.size).toBe(0)
    },
  )

  test.each(['get', 'gets', 'gat', 'gats'])('%s answers its default', async (command) => {
    const { client } = pooled(throwing(new MemcacheServerError('busy')), { ignoreExc: true })
    const answer = await call(client, command, ...COMMANDS[command]!, { default: 'none' })
    expect(answer).toBe('none')
  })

  test.each(writes)('%s still rejects', async (command) => {
    const { client } = pooled(throwing(new MemcacheServerError('busy')), { ignoreExc: true })
    await expect(call(client, command, ...COMMANDS[command]!)).rejects.toThrow('busy')
  })

  test('a read of many keys answers what did arrive', async () => {
    const hits = new Map([['a', 1]])
    const partial = new MemcachePartialError(
      hits,
      new Map([['b', new MemcacheServerError('busy')]]),
    )
    const { client } = pooled(throwing(partial), { ignoreExc: true })
    expect(await client.getMany(['a', 'b'])).toBe(hits)
  })

  test('an exhausted pool is a failure like another', async () => {
    const { opened, open } = gate()
    const { client } = pooled(() => opened, { ignoreExc: true, maxPoolSize: 1, maxWaiting: 0 })
    const first = client.get('key')
    expect(await client.get('key', { default: 'none' })).toBe('none')
    await expect(client.set('key', 1)).rejects.toBeInstanceOf(MemcacheOverloadError)
    open()
    await first
  })

  test('illegal input, an abort and a closed pool reject', async () => {
    const illegal = new MemcacheIllegalInputError('key is empty')
    const { client } = pooled(throwing(illegal), { ignoreExc: true })
    await expect(client.get('')).rejects.toBe(illegal)
    const reason = new Error('gone home')
    await expect(client.get('key', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await client.close()
    await expect(client.get('key')).rejects.toBeInstanceOf(MemcacheClosedError)
  })

  test('is not passed on to the clients, but everything of a Client is', () => {
    const given: ClientOptions<unknown>[] = []
    const servers: ServerSpec[] = []
    const client = new PooledClient<unknown, Fake>(['cache', 11212], {
      ignoreExc: true,
      maxPoolSize: 3,
      keyPrefix: 'p:',
      createClient: (server, options) => {
        servers.push(server)
        given.push(options)
        return fakeClient()
      },
    })
    void client.get('key')
    expect([servers, given]).toEqual([[['cache', 11212]], [{ keyPrefix: 'p:' }]])
    expect(client.server).toBe('cache:11212')
  })
})

describe('the end', () => {
  test('quit closes idle clients now, and lent ones after their calls', async () => {
    const { opened, open } = gate()
    const { client, made } = pooled(({ command }) => (command === 'gat' ? opened : undefined))
    const slow = client.gat('key')
    await client.get('key')
    await client.quit()
    const lent = made.filter((it) => it.calls[0]?.command === 'gat')
    expect([made.length, made.filter((it) => !it.isClosed)]).toEqual([2, lent])
    open()
    await slow
    expect(made.map((it) => it.isClosed)).toEqual([true, true])
    await client.get('key')
    expect(made.length).toBe(3)
  })

  test('drain and close let calls under way finish, those that wait included', async () => {
    const { opened, open } = gate()
    const { client, made } = pooled(() => opened, { maxPoolSize: 1 })
    const calls = [client.get('a'), client.get('b')]
    const draining = client.drain()
    const closing = client.close()
    await expect(client.get('c')).rejects.toMatchObject({ code: 'MEMCACHE_CLOSED' })
    open('value')
    expect(await Promise.all(calls)).toEqual(['value', 'value'])
    await draining
    await closing
    await client[Symbol.asyncDispose]()
    expect([client.size, client.inUse, client.waiting]).toEqual([0, 0, 0])
    expect(made.map((it) => [it.isClosed, it.faults])).toEqual([[true, []]])
  })
})

test('says which clients it makes and destroys', async () => {
  const { client, made } = pooled(throwing(new MemcacheTimeoutError('late')))
  const said: unknown[] = []
  client.on('create', (it) => said.push('create', it))
  client.on('destroy', (it) => said.push('destroy', it))
  await expect(client.get('key')).rejects.toThrow('late')
  await client.close()
  expect(said).toEqual(['create', made[0], 'destroy', made[0]])
})

test('calls at 64 in flight over 8 clients, 1 in 50 failing: none lost, shared or leaked', {
  tags: ['long'],
}, async () => {
  const calls = runs(2000, 10_000)
  const failing = calls / 50
  let count = 0
  let failures = 0
  const { client, made } = pooled(
    async ({ args }) => {
      const isFailing = ++count % 50 === 0
      // A turn of the event loop for some, a few promise jobs for others.
      if (count % 3 === 0) await new Promise(setImmediate)
      if (isFailing) {
        failures++
        throw new MemcacheUnexpectedCloseError('gone')
      }
      return `value of ${args[0]}`
    },
    { maxPoolSize: 8 },
  )
  let next = 0
  const outcomes = new Map<number, string>()
  const caller = async (): Promise<void> => {
    for (let id = next++; id < calls; id = next++) {
      try {
        const value = await client.get(`${id}`)
        outcomes.set(id, value === `value of ${id}` ? 'right' : 'wrong')
      } catch (error) {
        outcomes.set(id, error instanceof MemcacheUnexpectedCloseError ? 'failed' : 'lost')
      }
      if (client.size > 8) outcomes.set(id, 'too many clients')
    }
  }
  await Promise.all(Array.from({ length: 64 }, caller))
  const tally = (outcome: string) => [...outcomes.values()].filter((it) => it === outcome).length
  expect([outcomes.size, tally('right'), tally('failed')]).toEqual([
    calls,
    calls - failing,
    failing,
  ])
  expect([count, failures, made.length]).toEqual([calls, failing, expect.any(Number)])
  expect([client.inUse, client.waiting]).toEqual([0, 0])
  expect(client.size).toBeLessThanOrEqual(8)
  expect(made.flatMap((it) => it.faults)).toEqual([])
  expect(made.filter((it) => !it.isClosed).length).toBe(client.size)
  await client.close()
  expect(made.every((it) => it.isClosed)).toBe(true)
})

describe('types and options', () => {
  test('the pool is of Clients, or of what createClient makes', () => {
    const plain = new PooledClient('cache')
    expectTypeOf(plain).toEqualTypeOf<PooledClient>()
    expectTypeOf(plain.use<unknown>)
      .parameter(0)
      .parameter(0)
      .toEqualTypeOf<Client>()
    const ofFakes = new PooledClient('cache', { createClient: () => fakeClient() })
    expectTypeOf(ofFakes.use<unknown>)
      .parameter(0)
      .parameter(0)
      .toEqualTypeOf<Fake>()
  })

  test.each<Options>([
    { maxPoolSize: 0 },
    { minPoolSize: 9 },
    { poolIdleTimeout: -1 },
    { maxConnectionAge: 0 },
    { maxConnectionAgeJitter: 2 },
    { acquireTimeout: 0 },
    { maxWaiting: -1 },
  ])('%o is refused', (options) => {
    expect(() => pooled(undefined, options)).toThrow(RangeError)
  })

  test('options of Client are checked by the constructor', () => {
    expect(() => new PooledClient('cache', { connectTimeout: -1 })).toThrow(RangeError)
  })

  test('an address that is none is refused', () => {
    expect(() => new PooledClient('cache:port')).toThrow(MemcacheIllegalInputError)
  })
})
