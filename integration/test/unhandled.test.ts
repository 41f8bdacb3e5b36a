import { Client, retrying } from '@mc/client'
import { FallbackClient } from '@mc/fallback'
import { HashClient } from '@mc/hash'
import { PooledClient } from '@mc/pool'
import type { Key, MemcacheClient, Serde } from '@mc/protocol'
import { MemcachedServer, MockMemcacheClient } from '@mc/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runs, seed } from '../../test-support/amounts.ts'

const unhandled: unknown[] = []
const note = (reason: unknown): number => unhandled.push(reason)
let others: NodeJS.UnhandledRejectionListener[] = []
let server: MemcachedServer

beforeAll(async () => {
  server = await MemcachedServer.start()
  // The runner's own would end the run where this test is to say what happened.
  others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', note)
})

afterAll(async () => {
  process.off('unhandledRejection', note)
  for (const listener of others) process.on('unhandledRejection', listener)
  await server.stop()
})

/** What a hook of a user's does instead of its work. */
const WAYS = ['works', 'works later', 'throws', 'rejects', 'rejects later', 'hangs'] as const
type Way = (typeof WAYS)[number]

function behave<T>(way: Way, work: () => T): T | Promise<T> {
  const fail = (): never => {
    throw new Error('by the hook')
  }
  switch (way) {
    case 'works':
      return work()
    case 'works later':
      return new Promise((resolve) => setImmediate(() => resolve(work())))
    case 'throws':
      return fail()
    case 'rejects':
      return Promise.reject(new Error('by the hook'))
    case 'rejects later':
      return new Promise((_, reject) => setTimeout(() => reject(new Error('late hook')), 30))
    case 'hangs':
      return new Promise(() => {})
  }
}

/** The hooks of the next calls: one way for each key, by its last character. */
let writing: readonly Way[] = []
let reading: readonly Way[] = []
const wayOf = (ways: readonly Way[], key: string | Uint8Array): Way =>
  ways[Number(key.toString().at(-1)) % ways.length] ?? 'works'

const serde: Serde<unknown> = {
  serialize: (value, key) => behave(wayOf(writing, key), () => ({ data: String(value), flags: 0 })),
  deserialize: (data, _, key) => behave(wayOf(reading, key), () => data.toString()),
}

const options = { serde, timeout: 20 }

const CLIENTS: Record<string, () => MemcacheClient<unknown>> = {
  Client: () => new Client(server.name, options),
  PooledClient: () => new PooledClient(server.name, options),
  HashClient: () => new HashClient([server.name], options),
  retrying: () => retrying(new Client(server.name, options), { attempts: 2 }),
  FallbackClient: () =>
    new FallbackClient([new Client(server.name, options), new Client(server.name, options)]),
  MockMemcacheClient: () => new MockMemcacheClient(options),
}

const KEYS = ['k0', 'k1', 'k2', 'k3']

function* broken<T>(items: readonly T[], end: 'whole' | 'throws'): Generator<T> {
  yield* items
  if (end === 'throws') throw new Error('by the iterable')
}

const calls = fc.record({
  method: fc.constantFrom(
    ...(['get', 'gets', 'gat', 'getMany', 'getsMany', 'set', 'add', 'append', 'cas'] as const),
    ...(['setMany', 'setMany', 'setMany', 'deleteMany', 'incr', 'touch', 'delete'] as const),
  ),
  end: fc.constantFrom('whole', 'whole', 'throws'),
  isIllegal: fc.boolean(),
  signal: fc.constantFrom('none', 'none', 'aborted', 'later'),
  noreply: fc.boolean(),
})
type Call = typeof calls extends fc.Arbitrary<infer T> ? T : never

function run(client: MemcacheClient<unknown>, call: Call): Promise<unknown> {
  const controller = new AbortController()
  if (call.signal === 'aborted') controller.abort(new Error('enough'))
  if (call.signal === 'later') setImmediate(() => controller.abort(new Error('enough')))
  const signal = call.signal === 'none' ? undefined : controller.signal
  const keys: Key[] = call.isIllegal ? [...KEYS, 'b c'] : KEYS
  const key = call.isIllegal ? 'b c' : 'k1'
  const rest = { signal }
  const write = { signal, noreply: call.noreply }
  switch (call.method) {
    case 'getMany':
    case 'getsMany':
      return client[call.method](broken(keys, call.end as 'whole'), rest)
    case 'deleteMany':
      return client.deleteMany(broken(keys, call.end as 'whole'), write)
    case 'setMany': {
      const pairs = keys.map((name) => [name, 1] as const)
      return client.setMany(broken(pairs, call.end as 'whole'), write)
    }
    case 'get':
      return client.get(key, rest)
    case 'gets':
      return client.gets(key, rest)
    case 'gat':
      return client.gat(key, 9, rest)
    case 'cas':
      return client.cas(key, 1, '1', write)
    case 'incr':
      return client.incr(key, 1, write)
    case 'touch':
      return client.touch(key, 9, write)
    case 'delete':
      return client.delete(key, write)
    default:
      return client[call.method](key, 1, write)
  }
}

describe.each(Object.entries(CLIENTS))('%s', { tags: ['long'] }, (_, create) => {
  test('leaves no rejection unhandled, whatever hooks do', async () => {
    const client = create()
    // One of its own, whose server is never dead for what the hooks of the calls do.
    const filler =
      client instanceof MockMemcacheClient ? client : new Client(server.name, { serde })
    const ways = fc.array(fc.constantFrom(...WAYS), { minLength: 4, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        ways,
        ways,
        fc.array(calls, { minLength: 1, maxLength: 8 }),
        async (w, r, list) => {
          unhandled.length = 0
          writing = ['works']
          reading = ['works']
          await filler.setMany(
            KEYS.map((key) => [key, 1] as const),
            { timeout: 20_000 },
          )
          writing = w
          reading = r
          await Promise.allSettled(list.map((call) => run(client, call)))
          // What is late has happened by then, too.
          if ([...w, ...r].includes('rejects later'))
            await new Promise((done) => setTimeout(done, 35))
          await new Promise(setImmediate)
          expect(unhandled).toEqual([])
        },
      ),
      { numRuns: runs(12, 40), seed, endOnFailure: true },
    )
    await Promise.all([client.close(), filler.close()])
  })

  test('leaves none where one value rejects and a later key is illegal', async () => {
    const client = create()
    unhandled.length = 0
    writing = ['rejects']
    const pairs = [
      ['k0', 1],
      ['b c', 1],
    ] as const
    await expect(client.setMany(pairs)).rejects.toThrow()
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(unhandled).toEqual([])
    await client.close()
  })
})
