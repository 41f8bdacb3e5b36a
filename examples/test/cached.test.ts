import { Client } from '@mc/client'
import { MemcachedServer } from '@mc/testing'
import { describe, expect, test, vi } from 'vitest'
import { Cached } from '../web-app/cached.ts'

describe('Cached', () => {
  test('loads once for all who ask, until the value is stored', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    const cached = new Cached(cache)
    const load = vi.fn(async () => 'loaded')
    const hang = server.inject({ kind: 'hang', command: ['ms', 'set'] })
    const many = Array.from({ length: 10 }, () => cached.get('page', 60, load))
    expect(new Set(await Promise.all(many))).toEqual(new Set(['loaded']))
    // Loaded, but not stored yet.
    expect(await cached.get('page', 60, load)).toBe('loaded')
    expect(load).toHaveBeenCalledTimes(1)
    hang.remove()
    await expect.poll(() => server.snapshot().length).toBe(1)
    expect(await cached.get('page', 60, load)).toBe('loaded')
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('spreads the ends of keys by a tenth', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    const expiries = vi.spyOn(cache, 'set')
    const cached = new Cached(cache)
    const keys = Array.from({ length: 200 }, (_, i) => `page:${i}`)
    await Promise.all(keys.map((key) => cached.get(key, 1000, async () => key)))
    const seconds = expiries.mock.calls.map(([, , options]) => options?.expire as number)
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(900)
    expect(Math.max(...seconds)).toBeLessThanOrEqual(1100)
    expect(new Set(seconds).size).toBeGreaterThan(50)
  })

  test('answers from the source when the cache fails', async () => {
    const server = await MemcachedServer.start()
    await server.stop()
    await using cache = new Client(server.name)
    const cached = new Cached(cache)
    expect(await cached.get('page', 60, async () => 'loaded')).toBe('loaded')
    expect(await cached.get('no key', 60, async () => 'loaded')).toBe('loaded')
  })

  test('does not keep a failure', async () => {
    await using server = await MemcachedServer.start()
    await using cache = new Client(server.name)
    const cached = new Cached(cache)
    await expect(cached.get('page', 60, () => Promise.reject(new Error('down')))).rejects.toThrow(
      'down',
    )
    expect(await cached.get('page', 60, async () => 'loaded')).toBe('loaded')
  })
})
