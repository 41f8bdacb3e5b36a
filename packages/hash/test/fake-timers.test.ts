import { setImmediate } from 'node:timers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HashClient } from '../src/index.ts'
import { FakeServer } from './fake-server.ts'

const never = new Promise<never>(() => {})
const late = { code: 'MEMCACHE_TIMEOUT' }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class HangingServer extends FakeServer {
  override version(): Promise<never> {
    return never
  }

  override close(): Promise<never> {
    return never
  }
}

/** One whose servers never come. */
class WaitingClient extends HashClient {
  protected override awaitServers(): Promise<void> {
    return never
  }
}

const createClient = (): FakeServer => new HangingServer()

describe.each([true, false])('under the fake timers of an application: %s', (isFake) => {
  // Clients that were made before, and those that are made meanwhile.
  const early = new HashClient(['a:1'], { createClient, timeout: 20 })
  beforeEach(() => {
    if (isFake) vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('calls end at their timeout', async () => {
    await expect(early.version()).rejects.toMatchObject(late)
    const client = new HashClient(['a:1', 'b:1'], { createClient, timeout: 20 })
    await expect(client.version()).rejects.toMatchObject(late)
    const waiting = new WaitingClient([], { timeout: 20 })
    await expect(waiting.get('key')).rejects.toMatchObject(late)
  })

  it('closing ends', async () => {
    const client = new HashClient(['a:1'], { createClient, timeout: 20 })
    const errors: unknown[] = []
    client.on('error', (error) => errors.push(error))
    await client.close()
    await turn()
    expect(errors).toEqual([expect.objectContaining(late)])
  })

  it('a server that has failed is tried again in time', async () => {
    const server = new FakeServer()
    const client = new HashClient(['a:1'], { createClient: () => server, retryTimeout: 20 })
    server.refuse()
    await expect(client.get('key')).rejects.toThrow('refused')
    server.fault = undefined
    for (;;) {
      if ((await client.set('key', 1).catch(() => false)) === true) break
      await turn()
    }
    await client.close()
  })
})
