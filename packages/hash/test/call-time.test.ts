import { type CommandOptions, type Key, MemcachePartialError } from '@mc/protocol'
import { FaultProxy, MemcachedServer } from '@mc/testing'
import { describe, expect, it } from 'vitest'
import { HashClient, type HashClientOptions } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { FakeServer } from './fake-server.ts'
import { settled } from './waiting.ts'

const never = new Promise<never>(() => {})
const late = { code: 'MEMCACHE_TIMEOUT' }

/** Notes the timeouts that it is given, and takes 40 ms for many keys. */
class SlowServer extends FakeServer {
  readonly timeouts: (number | undefined)[] = []
  readonly #pass: (milliseconds: number) => void

  constructor(pass: (milliseconds: number) => void) {
    super()
    this.#pass = pass
  }

  override get<T, D>(key: Key, options?: CommandOptions): Promise<T | D> {
    this.timeouts.push(options?.timeout)
    return super.get<T, D>(key)
  }

  override async getMany<T>(_: Iterable<Key>, options?: CommandOptions) {
    this.timeouts.push(options?.timeout)
    this.#pass(40)
    return new Map<never, T>()
  }
}

function slow(options: HashClientOptions) {
  let now = 0
  const server = new SlowServer((milliseconds) => {
    now += milliseconds
  })
  const client = new HashClient(['a:1'], {
    keysPerBatch: 1,
    now: () => now,
    createClient: () => server,
    ...options,
  })
  return { client, server }
}

describe('the timeout of the client', () => {
  const keys = Array.from({ length: 8 }, (_, i) => `key${i}`)

  it('is for all batches of a call', async () => {
    const { client, server } = slow({ timeout: 100 })
    const error: MemcachePartialError = await client.getMany(keys).catch((reason) => reason)
    expect(server.timeouts).toEqual([100, 60, 20])
    expect(error.failed.size).toBe(5)
    expect(error.cause).toMatchObject({ ...late, written: false })
  })

  it('is given to a client that the user made', async () => {
    const { client, server } = slow({ timeout: 100 })
    await client.get('key')
    await client.get('key', { timeout: 7 })
    expect(server.timeouts).toEqual([100, 7])
  })

  it('is that of the client that the user made if none is given', async () => {
    const { client, server } = slow({})
    await client.getMany(keys)
    await client.get('key')
    expect(server.timeouts).toEqual(Array(9).fill(undefined))
  })

  it('ends a call of many batches over a slow line, which is not the failure of the server', async () => {
    await using server = await MemcachedServer.start()
    await using proxy = await FaultProxy.start(server.name)
    const client = new HashClient([proxy.name], { timeout: 300, keysPerBatch: 1 })
    await client.connect()
    proxy.inject({ kind: 'delay', milliseconds: 100 })
    const many = Array.from({ length: 400 }, (_, i) => `key${i}`)
    const error: MemcachePartialError = await client.getMany(many).catch((reason) => reason)
    expect(error).toBeInstanceOf(MemcachePartialError)
    for (const failure of error.failed.values()) expect(failure).toMatchObject(late)
    expect(client.servers[0]).toMatchObject({ state: 'healthy', failures: 0 })
    proxy.clear()
    await client.close()
  })
})

describe('a client of a server that never settles', () => {
  function hanging(methods: readonly (keyof FakeServer)[], options: HashClientOptions = {}) {
    const cluster = new FakeCluster(['a:1', 'b:1'], { timeout: 20, ...options })
    const errors: unknown[][] = []
    cluster.client.on('error', (...args) => errors.push(args))
    const hang = Object.fromEntries(methods.map((method) => [method, () => never]))
    Object.assign(cluster.server('b:1'), hang)
    return { cluster, client: cluster.client, errors }
  }

  it('ends calls on all servers by their timeout', async () => {
    const { client } = hanging(['stats', 'version', 'flushAll'])
    const calls = [client.stats(), client.version({ timeout: 10 }), client.flushAll()]
    const errors = await Promise.all(calls.map((call) => call.catch((reason: unknown) => reason)))
    for (const error of errors as MemcachePartialError[]) {
      expect([...error.failed.keys()]).toEqual(['b:1'])
      expect(error.cause).toMatchObject(late)
    }
  })

  it('ends calls on all servers by their signal', async () => {
    const { client } = hanging(['version'])
    const reason = new Error('changed my mind')
    const controller = new AbortController()
    const call = client.version({ signal: controller.signal, timeout: 60_000 })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it('ends calls of many keys by their timeout', async () => {
    const { client, cluster } = hanging(['getMany'])
    const keys = [...cluster.keysOn('a:1', 3), ...cluster.keysOn('b:1', 3)]
    const error: MemcachePartialError = await client.getMany(keys).catch((reason) => reason)
    expect([...error.failed.keys()]).toEqual(cluster.keysOn('b:1', 3))
  })

  it.each<{ methods: (keyof FakeServer)[] }>([
    { methods: ['get'] },
    { methods: ['close'] },
    { methods: ['get', 'close'] },
  ])('in $methods lets close() resolve', async ({ methods }) => {
    const { client, cluster, errors } = hanging(methods)
    void client.get(cluster.keyOn('b:1'))
    await client.close()
    await settled()
    expect(cluster.server('a:1').isClosed).toBe(true)
    expect(cluster.server('b:1').isClosed).toBe(!methods.includes('close'))
    const told = methods.includes('close') ? [[expect.objectContaining(late), 'b:1']] : []
    expect(errors).toEqual(told)
  })

  it('does not keep removeServer, replaceServer and quit waiting', async () => {
    const { client, errors } = hanging(['close', 'quit'])
    await client.quit()
    await settled()
    expect(errors).toEqual([[expect.objectContaining(late), 'b:1']])
    await expect(client.replaceServer('b:1')).rejects.toMatchObject(late)
    await client.removeServer('b:1')
    await client.close()
  })

  it('whose close throws, closes the others', async () => {
    const { client, cluster, errors } = hanging([])
    const bug = new Error('a bug')
    cluster.server('a:1').close = () => {
      throw bug
    }
    await client.close()
    await settled()
    expect(errors).toEqual([[bug, 'a:1']])
    expect(cluster.server('b:1').isClosed).toBe(true)
  })

  it('does not stay dead for a probe that has no answer', async () => {
    const { client, cluster, errors } = hanging(['version'], { deadTimeout: 0 })
    await cluster.kill('b:1')
    await client.get(cluster.keyOn('a:1'))
    await expect.poll(() => errors).toEqual([[expect.objectContaining(late), 'b:1']])
    Object.assign(cluster.server('b:1'), { version: undefined, fault: undefined })
    await client.get(cluster.keyOn('a:1'))
    await settled()
    expect(cluster.statusOf('b:1').state).toBe('healthy')
  })
})
