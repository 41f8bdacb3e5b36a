import { type ClientMethod, MemcacheServerError } from '@mc/protocol'
import { describe, expect, test } from 'vitest'
import { MockMemcacheClient } from '../../src/index.ts'

const lost = new MemcacheServerError('lost')

describe('before', () => {
  test('holds calls back from the server until its promise settles', async () => {
    const mock = new MockMemcacheClient()
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    mock.before = ({ method }) => (method === 'set' ? released : undefined)
    const storing = mock.set('key', 1)
    expect(await mock.get('key')).toBe(undefined)
    release()
    expect(await storing).toBe(true)
    expect(await mock.get('key')).toBe(1)
  })

  test('sees each call with its arguments, and lets the server act at once', async () => {
    const mock = new MockMemcacheClient()
    const seen: unknown[] = []
    mock.before = ({ method, args }) => {
      seen.push([method, ...args])
    }
    const storing = mock.set('key', 1)
    expect(mock.snapshot()).toHaveLength(1)
    await storing
    await mock.getMany(['key'])
    expect(seen).toEqual([
      ['set', 'key', 1],
      ['getMany', ['key']],
    ])
  })

  test.each<[ClientMethod, (mock: MockMemcacheClient) => Promise<unknown>]>([
    ['get', (mock) => mock.get('key')],
    ['getMany', (mock) => mock.getMany(['key', 'other'])],
    ['incr', (mock) => mock.incr('key')],
    ['deleteMany', (mock) => mock.deleteMany(['key'])],
    ['version', (mock) => mock.version()],
  ])('fails a %s with what it throws', async (failing, run) => {
    const mock = new MockMemcacheClient()
    mock.before = ({ method }) => {
      if (method === failing) throw lost
    }
    await expect(run(mock)).rejects.toBe(lost)
    expect(await mock.set('key', 1)).toBe(true)
    expect(mock.calls.map(({ error }) => error)).toEqual([lost, undefined])
  })

  test('fails a read as the options of the client say', async () => {
    const mock = new MockMemcacheClient({ ignoreExc: true })
    mock.before = () => Promise.reject(lost)
    expect(await mock.get('key', { default: 'none' })).toBe('none')
    await expect(mock.set('key', 1)).rejects.toBe(lost)
  })
})

describe('after', () => {
  test('holds the answer back, which the server has given', async () => {
    const mock = new MockMemcacheClient()
    let inFlight = 0
    let most = 0
    mock.before = () => {
      most = Math.max(most, ++inFlight)
    }
    mock.after = async () => {
      await new Promise(setImmediate)
      inFlight--
    }
    await Promise.all([mock.set('a', 1), mock.set('b', 2), mock.get('a')])
    expect([most, inFlight]).toEqual([3, 0])
  })

  test('rejects the call with what it throws, after it took effect', async () => {
    const mock = new MockMemcacheClient()
    mock.after = () => {
      throw lost
    }
    await expect(mock.set('key', 1)).rejects.toBe(lost)
    mock.after = undefined
    expect(await mock.get('key')).toBe(1)
  })
})
