import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import {
  type CommandOptions,
  type GetOptions,
  type Key,
  type MemcacheClient,
  MemcacheClientError,
  MemcacheClosedError,
  MemcacheConnectError,
  MemcacheIllegalInputError,
  MemcacheOverloadError,
  MemcachePartialError,
  MemcacheServerError,
  MemcacheTimeoutError,
  MemcacheUnexpectedCloseError,
  type StoreOptions,
} from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import { stall, turns } from '../../../test-support/event-loop.ts'
import { Client, type ErrorClass, type RetryingOptions, retrying } from '../src/index.ts'

interface Call {
  readonly name: string
  readonly args: readonly unknown[]
}

/** A client whose commands answer what the script says, one entry for each call: an error rejects. */
class ScriptedClient extends EventEmitter {
  readonly calls: Call[] = []
  readonly server = 'cache:11211'
  readonly onHit = (): string => 'own function'
  label = 'plain'
  readonly #script: unknown[]
  #weight = 1

  constructor(...script: unknown[]) {
    super()
    this.#script = script
  }

  get weight(): number {
    return this.#weight
  }

  set weight(weight: number) {
    this.#weight = weight
  }

  get(...args: [key: Key, options?: GetOptions<unknown>]): Promise<unknown> {
    return this.#answer('get', args)
  }

  getMany(keys: Iterable<Key>, options?: CommandOptions): Promise<unknown> {
    return this.#answer('getMany', [[...keys], options])
  }

  set(...args: [key: Key, value: unknown, options?: StoreOptions]): Promise<unknown> {
    return this.#answer('set', args)
  }

  async close(): Promise<void> {
    await this.#answer('close', [])
  }

  /** Not a command of the interface. */
  use(fn: () => unknown): Promise<unknown> {
    return this.#answer('use', [fn])
  }

  self(): this {
    return this
  }

  command(name: string): (...args: unknown[]) => Promise<unknown> {
    return (...args) => this.#answer(name, args)
  }

  async #answer(name: string, args: readonly unknown[]): Promise<unknown> {
    this.calls.push({ name, args })
    if (this.#script.length === 0) throw new Error(`nothing scripted for ${name}`)
    const next = this.#script.shift()
    if (next instanceof Error) throw next
    return next
  }
}

const COMMANDS = [
  ...['get', 'gets', 'getMany', 'getsMany', 'gat', 'gats', 'set', 'setMany', 'replace', 'touch'],
  ...['delete', 'deleteMany', 'flushAll', 'stats', 'version', 'verbosity', 'cacheMemlimit'],
  ...['add', 'append', 'prepend', 'cas', 'incr', 'decr', 'rawCommand', 'shutdown'],
  ...['lease', 'fill', 'release', 'invalidate'],
]

for (const name of COMMANDS) {
  if (name in ScriptedClient.prototype) continue
  Object.defineProperty(ScriptedClient.prototype, name, {
    configurable: true,
    value(this: ScriptedClient, ...args: unknown[]) {
      return this.command(name)(...args)
    },
  })
}

type Scripted = ScriptedClient & MemcacheClient

function scripted(...script: unknown[]): Scripted {
  return new ScriptedClient(...script) as unknown as Scripted
}

function repeating(script: readonly unknown[], options?: RetryingOptions) {
  const inner = scripted(...script)
  return { inner, client: retrying(inner, options) }
}

/** Calls a command by its name. */
function call(client: object, name: string, ...args: unknown[]): Promise<unknown> {
  return (client as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]!(...args)
}

const bad = () => new MemcacheServerError('out of memory')
const timeout = (written?: boolean) => new MemcacheTimeoutError('no reply', { written })

describe('attempts', () => {
  test('a read that fails once answers at the second attempt', async () => {
    const { inner, client } = repeating([bad(), 'value'])
    expect(await client.get('key')).toBe('value')
    expect(inner.calls.length).toBe(2)
  })

  test('a miss at the second attempt is a miss', async () => {
    const { inner, client } = repeating([bad(), undefined])
    expect(await client.get('key')).toBe(undefined)
    expect(inner.calls.length).toBe(2)
  })

  test('the error of the last attempt is the one to see', async () => {
    const last = bad()
    const { client } = repeating([bad(), last])
    await expect(client.get('key')).rejects.toBe(last)
  })

  test('a write that fails once is stored at the second attempt', async () => {
    const { inner, client } = repeating([bad(), true])
    expect(await client.set('key', 'value', { expire: 3 })).toBe(true)
    const args = ['key', 'value', { expire: 3 }]
    expect(inner.calls).toEqual([
      { name: 'set', args },
      { name: 'set', args },
    ])
  })

  test('no more than the attempts are made, though the next would succeed', async () => {
    const { inner, client } = repeating([bad(), bad(), true])
    await expect(client.set('key', 'value')).rejects.toBeInstanceOf(MemcacheServerError)
    expect(inner.calls.length).toBe(2)
  })

  test('one attempt means no repetition', async () => {
    const { inner, client } = repeating([bad(), 'value'], { attempts: 1 })
    await expect(client.get('key')).rejects.toBeInstanceOf(MemcacheServerError)
    expect(inner.calls.length).toBe(1)
  })

  test('what succeeds is called once', async () => {
    const { inner, client } = repeating(['value'], { attempts: 5 })
    await client.get('key')
    expect(inner.calls.length).toBe(1)
  })

  test('a many-key call that failed in part is repeated whole', async () => {
    const partial = new MemcachePartialError(new Map(), new Map([['b', bad()]]))
    const hits = new Map([['a', 1]])
    const { client } = repeating([partial, hits])
    expect(await client.getMany(['a', 'b'])).toBe(hits)
  })

  test('keys that can be read only once are there for every attempt', async () => {
    const { inner, client } = repeating([bad(), new Map()])
    function* keys(): Generator<string> {
      yield 'a'
      yield 'b'
    }
    await client.getMany(keys())
    expect(inner.calls.map((it) => it.args[0])).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  test('entries of setMany in a plain object are passed as they are', async () => {
    const { inner, client } = repeating([[]])
    await client.setMany({ a: 1 })
    expect(inner.calls[0]?.args[0]).toEqual({ a: 1 })
  })
})

describe('filters', () => {
  test('an error of retryFor, or of a subclass, is repeated', async () => {
    const closed = new MemcacheUnexpectedCloseError('gone')
    const { client } = repeating([closed, 'value'], { retryFor: [MemcacheServerError] })
    expect(await client.get('key')).toBe('value')
  })

  test('an error that is not of retryFor is not repeated', async () => {
    const { inner, client } = repeating([timeout(), 'value'], { retryFor: [MemcacheServerError] })
    await expect(client.get('key')).rejects.toBeInstanceOf(MemcacheTimeoutError)
    expect(inner.calls.length).toBe(1)
  })

  test('an error that is not of doNotRetryFor is repeated', async () => {
    const { client } = repeating([bad(), 'value'], { doNotRetryFor: [MemcacheTimeoutError] })
    expect(await client.get('key')).toBe('value')
  })

  test('an error of doNotRetryFor is not repeated', async () => {
    const { inner, client } = repeating([bad(), 'value'], { doNotRetryFor: [MemcacheServerError] })
    await expect(client.get('key')).rejects.toBeInstanceOf(MemcacheServerError)
    expect(inner.calls.length).toBe(1)
  })

  test('doNotRetryFor wins over retryFor', async () => {
    const { inner, client } = repeating(
      [bad(), new MemcacheUnexpectedCloseError('gone'), 'value'],
      {
        attempts: 3,
        retryFor: [MemcacheServerError],
        doNotRetryFor: [MemcacheUnexpectedCloseError],
      },
    )
    await expect(client.get('key')).rejects.toBeInstanceOf(MemcacheUnexpectedCloseError)
    expect(inner.calls.length).toBe(2)
  })

  test.each([new MemcacheIllegalInputError('key is empty'), new MemcacheClosedError('closed')])(
    '$code is never repeated, as that cannot help',
    async (error) => {
      const { inner, client } = repeating([error, 'value'], { attempts: 9, retryUnsafe: true })
      await expect(client.get('key')).rejects.toBe(error)
      expect(inner.calls.length).toBe(1)
    },
  )
})

describe('commands that are not idempotent', () => {
  const unsafe = [
    ...['add', 'append', 'prepend', 'cas', 'incr', 'decr', 'rawCommand', 'shutdown'],
    ...['lease', 'fill'],
  ]
  const safe = COMMANDS.filter((name) => !unsafe.includes(name))
  const unknownOutcome = [
    timeout(true),
    timeout(),
    new MemcacheUnexpectedCloseError('gone'),
    new MemcacheConnectError('lost while writing', { written: true }),
    new Error('of another kind'),
  ]
  const nothingWritten = [
    timeout(false),
    new MemcacheConnectError('refused'),
    new MemcacheOverloadError('full'),
  ]

  test.each(unsafe)('%s is not repeated when it may have taken effect', async (name) => {
    for (const error of unknownOutcome) {
      const { inner, client } = repeating([error, 'done'])
      await expect(call(client, name, 'key')).rejects.toBe(error)
      expect(inner.calls.length).toBe(1)
    }
  })

  test.each(unsafe)('%s is repeated when nothing had been written', async (name) => {
    for (const error of nothingWritten) {
      const { client } = repeating([error, 'done'])
      expect(await call(client, name, 'key')).toBe('done')
    }
  })

  test.each(unsafe)('%s is repeated in any case with retryUnsafe', async (name) => {
    for (const error of unknownOutcome) {
      const { client } = repeating([error, 'done'], { retryUnsafe: true })
      expect(await call(client, name, 'key')).toBe('done')
    }
  })

  test.each(safe)('%s is repeated whatever had been written', async (name) => {
    for (const error of [...unknownOutcome, ...nothingWritten]) {
      // Where somebody listens to the calls of a client, keys are counted and found in the answer.
      const found = new Map()
      const { client } = repeating([error, found])
      expect(await call(client, name, name === 'setMany' ? { key: 1 } : ['key'])).toBe(found)
    }
  })

  test('the error of a counter whose reply was lost says that it was written', async () => {
    const { client } = repeating([timeout(true)])
    await expect(client.incr('key')).rejects.toMatchObject({ written: true })
  })
})

describe('delays', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** Milliseconds between the attempts that were made until the call failed; Node's timers are early by up to one. */
  async function pauses(options: RetryingOptions): Promise<number[]> {
    const moments: number[] = []
    const inner = scripted()
    inner.get = async () => {
      moments.push(performance.now() + moments.length)
      throw bad()
    }
    await expect(retrying(inner, options).get('key')).rejects.toThrow('memory')
    return moments.slice(1).map((moment, i) => moment - (moments[i] as number))
  }

  test('are none by default', async () => {
    const { client } = repeating([bad(), 'value'])
    expect(await client.get('key')).toBe('value')
  })

  test('are all the same without a factor', async () => {
    const found = await pauses({ attempts: 16, retryDelay: 2 })
    expect(found).toHaveLength(15)
    expect(Math.min(...found)).toBeGreaterThanOrEqual(2)
    // Doubled each time, the last alone would be 32 s.
    expect(Math.max(...found)).toBeLessThan(10_000)
  })

  test('grow by backoffFactor', async () => {
    const [first, second, third] = await pauses({ attempts: 4, retryDelay: 5, backoffFactor: 4 })
    expect(first).toBeGreaterThanOrEqual(5)
    expect(second).toBeGreaterThanOrEqual(20)
    expect(third).toBeGreaterThanOrEqual(80)
  })

  test('are no longer for a process that stood still', async () => {
    const { inner, client } = repeating([bad(), 'value'], { retryDelay: 400 })
    const call = client.get('key')
    await turns(1)
    stall(500)
    // The attempt is due, and so comes before the end of a timer that is set now.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(inner.calls).toHaveLength(2)
    expect(await call).toBe('value')
  })

  test('are shortened at random by up to the jitter', async () => {
    vi.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValue(1)
    const [whole] = await pauses({ attempts: 2, retryDelay: 20, jitter: 1 })
    expect(whole).toBeGreaterThanOrEqual(20)
    // An hour, less all of it.
    expect(await pauses({ attempts: 3, retryDelay: 3_600_000, jitter: 1 })).toHaveLength(2)
  })

  test('begin no attempt after maxTotalTime', async () => {
    const options = { attempts: 100, retryDelay: 20, backoffFactor: 1000, maxTotalTime: 10_000 }
    // The second delay would be 20 s.
    expect(await pauses(options)).toHaveLength(1)
  })

  test('listen to a signal once, however many calls wait', async () => {
    const { signal } = new AbortController()
    const listen = vi.spyOn(signal, 'addEventListener')
    const unlisten = vi.spyOn(signal, 'removeEventListener')
    const { client } = repeating(Array.from({ length: 10_000 }, bad), { retryDelay: 1, signal })
    const calls = Array.from({ length: 5000 }, () => client.get('key', { signal }))
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(listen.mock.calls.length).toBeLessThan(100)
    expect(unlisten).toHaveBeenCalledTimes(listen.mock.calls.length)
  })

  test('end with the reason of the signal when it aborts', async () => {
    const controller = new AbortController()
    const { inner, client } = repeating([bad(), 'value'], {
      retryDelay: 3_600_000,
      signal: controller.signal,
    })
    const reason = new Error('shutting down')
    const failing = expect(client.get('key')).rejects.toBe(reason)
    await expect.poll(() => inner.calls.length).toBe(1)
    controller.abort(reason)
    await failing
    expect(inner.calls.length).toBe(1)
  })

  test("end when the call's own signal aborts", async () => {
    const controller = new AbortController()
    const { inner, client } = repeating([bad(), true], { retryDelay: 3_600_000 })
    const failing = expect(client.set('key', 1, { signal: controller.signal })).rejects.toThrow(
      'aborted',
    )
    await expect.poll(() => inner.calls.length).toBe(1)
    controller.abort()
    await failing
  })

  test('do not follow a call that was aborted under way', async () => {
    const controller = new AbortController()
    const reason = new Error('too late')
    const inner = scripted()
    let attempts = 0
    inner.get = async () => {
      attempts++
      controller.abort(reason)
      throw reason
    }
    const client = retrying(inner, { attempts: 5 })
    await expect(client.get('key', { signal: controller.signal })).rejects.toBe(reason)
    expect(attempts).toBe(1)
  })
})

describe('over a server whose first replies to a command are lost', () => {
  let server: MemcachedServer
  let proxy: Server
  let repliesToLose = 0

  beforeEach(async () => {
    server = await MemcachedServer.start()
    proxy = createServer((near) => {
      const far = connect(server.port, '127.0.0.1')
      near.pipe(far)
      far.on('data', (reply) => {
        if (repliesToLose-- <= 0) near.write(reply)
        else near.destroy()
      })
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        socket.on('error', () => {})
        socket.on('close', () => other.destroy())
      }
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
  })

  afterEach(async () => {
    proxy.close()
    await server.stop()
  })

  function clients() {
    const { port } = proxy.address() as AddressInfo
    const inner = new Client(['127.0.0.1', port], {
      dialect: 'meta',
      reconnectDelay: { initial: 1, max: 1 },
    })
    return {
      client: retrying(inner, { attempts: 3, retryDelay: 20 }),
      direct: new Client(server.name),
    }
  }

  test('an idempotent command succeeds within the attempts', async () => {
    const { client, direct } = clients()
    repliesToLose = 2
    expect(await client.set('key', 'value')).toBe(true)
    repliesToLose = 2
    expect(await client.get('key')).toBe('value')
    await Promise.all([client.close(), direct.close()])
  })

  test('a counter is not counted twice, and the error says that it was written', async () => {
    const { client, direct } = clients()
    await direct.set('counter', '1')
    repliesToLose = 1
    await expect(client.incr('counter')).rejects.toMatchObject({
      code: 'MEMCACHE_UNEXPECTED_CLOSE',
      written: true,
    })
    expect(await direct.get('counter')).toBe('2')
    expect(await client.incr('counter')).toBe(3)
    await Promise.all([client.close(), direct.close()])
  })
})

describe('what it wraps', () => {
  test('keeps its type, with everything that it has beyond the interface', () => {
    const { client } = repeating([])
    expectTypeOf(client).toEqualTypeOf<Scripted>()
    expectTypeOf(client.weight).toEqualTypeOf<number>()
    expect(client).toBeInstanceOf(ScriptedClient)
    expect(client.constructor).toBe(ScriptedClient)
    expect(Object.keys(client)).toEqual(Object.keys(scripted()))
  })

  test('keeps its attributes, those behind getters and setters included', () => {
    const { inner, client } = repeating([])
    expect([client.server, client.weight, client.onHit]).toEqual(['cache:11211', 1, inner.onHit])
    client.weight = 5
    client.label = 'changed'
    expect([inner.weight, inner.label, client.weight]).toEqual([5, 'changed', 5])
    expect('nothing' in client).toBe(false)
    expect(Reflect.get(client, 'nothing')).toBe(undefined)
  })

  test('is called once by methods that are no commands', async () => {
    const { inner, client } = repeating([bad(), 'done'])
    await expect(client.use(() => {})).rejects.toBeInstanceOf(MemcacheServerError)
    expect(inner.calls.length).toBe(1)
  })

  test('is not closed twice', async () => {
    const { inner, client } = repeating([bad()])
    await expect(client.close()).rejects.toBeInstanceOf(MemcacheServerError)
    expect(inner.calls.length).toBe(1)
  })

  test('stays wrapped when a method answers the client itself', async () => {
    const { client } = repeating([bad(), 'value'])
    expect(client.self()).toBe(client)
    expect(
      await client
        .on('error', () => {})
        .self()
        .get('key'),
    ).toBe('value')
  })

  test('has the same methods each time they are looked at', () => {
    const { client } = repeating([])
    expect(client.get).toBe(client.get)
    expect(client.use).toBe(client.use)
  })

  test('may be a retrying client too', async () => {
    const { inner, client } = repeating([bad(), bad(), bad(), 'value'])
    expect(await retrying(client).get('key')).toBe('value')
    expect(inner.calls.length).toBe(4)
  })
})

describe('options', () => {
  test.each<RetryingOptions>([
    {},
    { attempts: 1 },
    { retryFor: [] },
    { retryFor: [Error] },
    { retryFor: [MemcacheServerError, TypeError], doNotRetryFor: [MemcacheClientError] },
    { retryFor: [MemcacheServerError], doNotRetryFor: [MemcacheUnexpectedCloseError] },
  ])('%o is taken', (options) => {
    expect(() => repeating([], options)).not.toThrow()
  })

  test.each<RetryingOptions>([
    { attempts: 0 },
    { attempts: 1.5 },
    { retryDelay: -1 },
    { retryDelay: Number.POSITIVE_INFINITY },
    { backoffFactor: 0.5 },
    { jitter: 2 },
    { maxTotalTime: Number.NaN },
  ])('%o is out of range', (options) => {
    expect(() => repeating([], options)).toThrow(RangeError)
  })

  const notClasses = [Error, 'Error', {}, [new Error('an instance')], ['Error'], [Map], [undefined]]

  test.each(notClasses.map((classes) => ({ classes })))(
    '$classes is no list of error classes',
    ({ classes }) => {
      const list = classes as unknown as readonly ErrorClass[]
      expect(() => repeating([], { retryFor: list })).toThrow(TypeError)
      expect(() => repeating([], { doNotRetryFor: list })).toThrow(TypeError)
    },
  )

  test('a class in both lists is refused', () => {
    const both = { retryFor: [MemcacheServerError], doNotRetryFor: [MemcacheServerError] }
    expect(() => repeating([], both)).toThrow('MemcacheServerError is in both')
  })

  test('there must be a client', () => {
    expect(() => retrying(undefined as unknown as MemcacheClient)).toThrow(TypeError)
  })
})
