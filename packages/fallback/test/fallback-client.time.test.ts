import { MemcachePartialError } from '@mc/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { FallbackClient, type FallbackClientOptions } from '../src/index.ts'
import { MemoryClient } from './memory-client.ts'

const never = () => new Promise<never>(() => {})
const warm: FallbackClientOptions = { warm: { expire: 600 } }

/** Two caches, of which the older has `key`, and a client over them. */
function over(options?: FallbackClientOptions) {
  const first = new MemoryClient()
  const old = new MemoryClient({ key: 'old', n: 1 }, 11)
  return { client: new FallbackClient([first, old], options), first, old }
}

/** Lets a command of a cache wait until `open` is called. */
function hold(cache: MemoryClient, held: string) {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  cache.before = ({ method }) => (method === held ? opened : undefined)
  return open
}

describe('the timeout of a call', () => {
  test.each<[string, (client: FallbackClient, timeout: number) => Promise<unknown>]>([
    ['get', (client, timeout) => client.get('key', { timeout })],
    ['gats', (client, timeout) => client.gats('key', 5, { timeout })],
    ['getMany', (client, timeout) => client.getMany(['key'], { timeout })],
    ['getsMany', (client, timeout) => client.getsMany(['key'], { timeout })],
    ['incr', (client, timeout) => client.incr('n', 1, { timeout })],
    ['delete', (client, timeout) => client.delete('key', { timeout })],
  ])('ends a %s at an older cache that hangs', async (_, run) => {
    const { client, old } = over(warm)
    old.before = never
    const error = await run(client, 30).catch((it: unknown) => it)
    const failure = error instanceof MemcachePartialError ? error.cause : error
    expect(failure).toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    await client.close()
  })

  test.each<[string, (client: FallbackClient) => Promise<unknown>]>([
    ['gets', (client) => client.gets('key', { timeout: 30 })],
    ['getsMany', (client) => client.getsMany(['key'], { timeout: 30 })],
    ['incr', (client) => client.incr('n', 1, { timeout: 30 })],
  ])('ends a %s whose copy hangs', async (_, run) => {
    const { client, first } = over({ ...warm, timeout: 60 })
    hold(first, 'add')
    await expect(run(client)).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    await client.close()
  })

  test('is for all caches together, and ends a copy in the background', async () => {
    const { client, first, old } = over({ ...warm, timeout: 30 })
    hold(first, 'add')
    expect(await client.get('key')).toBe('old')
    old.before = never
    await expect(client.get('absent')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    old.before = undefined
    await client.close()
    expect(client.levels[0]?.errors).toBe(1)
  })

  test('is left to the clients where nobody gave one', async () => {
    const { client, first, old } = over({ ...warm, timeout: 5000 })
    await client.gets('key')
    await client.delete('key')
    for (const cache of [first, old]) {
      for (const { method } of cache.calls) expect(cache.optionsOf(method)?.timeout).toBe(undefined)
    }
    await client.close()
  })

  test('with olderFailures: miss leaves a delete the time for the first cache', async () => {
    const { client, first, old } = over({ olderFailures: 'miss', timeout: 100 })
    await first.set('key', 1)
    old.before = never
    expect(await client.delete('key')).toBe(true)
    expect(await client.get('key')).toBe(undefined)
    expect(first.items.size).toBe(0)
  })
})

describe('an abort', () => {
  const reason = new Error('gone home')

  test.each<[string, (cache: { first: MemoryClient; old: MemoryClient }) => unknown]>([
    ['the first cache', ({ first }) => hold(first, 'gets')],
    ['an older cache', ({ old }) => hold(old, 'get')],
    ['a copy', ({ first }) => hold(first, 'add')],
  ])('ends the wait for %s at once', async (_, hang) => {
    const caches = over({ ...warm, timeout: 2000, olderFailures: 'miss' })
    hang(caches)
    const controller = new AbortController()
    const { signal } = controller
    const call = caches.client.gets('key', { signal, timeout: 20_000 })
    const refused = expect(call).rejects.toBe(reason)
    await new Promise(setImmediate)
    controller.abort(reason)
    await refused
    await expect(caches.client.set('key', 1, { signal })).rejects.toBe(reason)
    expect(caches.first.log).not.toContain('set key')
  })
})

describe('close', () => {
  test('lets calls under way and their copies finish, takes no others, then closes', async () => {
    const { client, first, old } = over(warm)
    const open = hold(old, 'get')
    const store = hold(first, 'add')
    const reading = client.get('key')
    await new Promise(setImmediate)
    const closing = client.close()
    const code = 'MEMCACHE_CLOSED'
    for (const call of [
      () => client.get('key'),
      () => client.getMany(['key']),
      () => client.set('key', 1),
      () => client.incr('n'),
      () => client.delete('key'),
      () => client.flushAll(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code, written: false })
    }
    expect([first, old].map((cache) => cache.log)).toEqual([['get key'], ['get key']])
    open()
    expect(await reading).toBe('old')
    await new Promise(setImmediate)
    expect(first.log).toEqual(['get key', 'add key'])
    store()
    await closing
    expect(first.value('key')).toBe('old')
    expect([first, old].map((cache) => cache.log.at(-1))).toEqual(['close', 'close'])
    await expect(client.get('key')).rejects.toMatchObject({ code })
  })

  test('and quit are quiet when they come again', async () => {
    const { client, first, old } = over()
    await client.quit()
    await Promise.all([client.close(), client.close(), client.quit()])
    await client.quit()
    await client[Symbol.asyncDispose]()
    for (const cache of [first, old]) expect(cache.log).toEqual(['quit', 'close'])
  })

  test('gives its failure to its first caller alone', async () => {
    const { client, first } = over()
    const failure = new Error('stuck')
    first.fail(failure, 'close')
    const [one, two] = await Promise.allSettled([client.close(), client.close()])
    expect(one).toEqual({ status: 'rejected', reason: failure })
    expect(two.status).toBe('fulfilled')
  })

  test('waits for no call that hangs for longer than its time', async () => {
    const { client, old } = over({ timeout: 30 })
    hold(old, 'get')
    const reading = expect(client.get('key')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    await client.close()
    await reading
  })
})

describe('under fake timers', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('and after, calls and copies keep their times', async () => {
    vi.useFakeTimers({
      toFake: [
        'setTimeout',
        'clearTimeout',
        'setImmediate',
        'queueMicrotask',
        'Date',
        'performance',
      ],
    })
    const { client, first, old } = over({ ...warm, timeout: 300 })
    expect(await client.gets('key')).toMatchObject({ value: 'old' })
    old.before = never
    await expect(client.get('n')).rejects.toMatchObject({ code: 'MEMCACHE_TIMEOUT' })
    old.before = undefined
    first.before = ({ method }) => (method === 'add' ? never() : undefined)
    expect(await client.get('n')).toBe(1)
    vi.useRealTimers()
    await client.close()
    expect(client.levels[0]?.errors).toBe(1)
  })
})

describe('options of another type', () => {
  test.each([null, 5, { timeout: '100' }, { timeout: 0 }, { signal: {} }])(
    'of a call are refused before any cache is asked: %o',
    async (options) => {
      const { client, first, old } = over(warm)
      const refusal = { code: 'MEMCACHE_ILLEGAL_INPUT' }
      await expect(client.get('key', options as never)).rejects.toMatchObject(refusal)
      await expect(client.set('key', 1, options as never)).rejects.toMatchObject(refusal)
      await expect(client.deleteMany(['key'], options as never)).rejects.toMatchObject(refusal)
      expect([first.log, old.log]).toEqual([[], []])
    },
  )

  test.each<[object, string]>([
    [{ timeout: '100' }, 'timeout must be a number of milliseconds, got string'],
    [{ deleteFromAll: 1 }, 'deleteFromAll must be a boolean, got number'],
    [{ warm: { expire: '60' } }, 'warm.expire must be a number, got string'],
  ])('%o is refused', (options, message) => {
    expect(() => over(options)).toThrow(message)
  })
})
