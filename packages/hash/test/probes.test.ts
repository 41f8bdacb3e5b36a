import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@mc/client'
import {
  MemcacheClientError,
  MemcacheIllegalInputError,
  MemcacheOverloadError,
  MemcacheSerdeError,
  MemcacheServerError,
  MemcacheTimeoutError,
} from '@mc/protocol'
import { MemcachedServer } from '@mc/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HashClient, type HashClientOptions, RendezvousHash } from '../src/index.ts'
import { FakeCluster } from './fake-cluster.ts'
import { settled } from './waiting.ts'

const names = ['a:1', 'b:1', 'c:1']

/** A cluster whose server b has died and is probed with the error next. */
async function probedWith(error: Error | undefined, isKnowing: boolean): Promise<FakeCluster> {
  const cluster = new FakeCluster(names)
  await cluster.kill('b:1')
  const server = cluster.server('b:1')
  server.fault = error
  if (!isKnowing) Object.assign(server, { version: undefined })
  cluster.time += 66_000
  await cluster.client.get(cluster.keyOn('a:1'))
  await settled()
  expect(server.log).toEqual([isKnowing ? 'version' : 'get'])
  return cluster
}

describe.each([true, false])('a probe by a client that has version: %s', (isKnowing) => {
  it.each([
    undefined,
    new MemcacheServerError('out of memory'),
    new MemcacheClientError('not that'),
    new MemcacheSerdeError('pickled'),
    new MemcacheIllegalInputError('key is too long'),
  ])('finds life in the answer %s', async (error) => {
    const cluster = await probedWith(error, isKnowing)
    expect(cluster.statusOf('b:1').state).toBe('healthy')
  })

  it.each([new MemcacheTimeoutError('no reply'), new MemcacheOverloadError('too much')])(
    'finds none in %s',
    async (error) => {
      const cluster = await probedWith(error, isKnowing)
      expect(cluster.statusOf('b:1')).toMatchObject({ state: 'dead', lastError: error })
    },
  )
})

describe('a server that is back', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mc-probe-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it.each<[string, HashClientOptions]>([
    ['an item under the key of the probe that cannot be read', {}],
    ['a prefix of 243 bytes', { keyPrefix: 'p'.repeat(243) }],
    ['a user whose client has no version', { createClient: withoutVersion }],
  ])('is found alive in spite of %s', async (_, options) => {
    const path = join(folder, 'server.sock')
    let server = await MemcachedServer.start({ path })
    let now = 0
    const client = new HashClient([path, join(folder, 'never.sock')], {
      retryAttempts: 0,
      maxDeadServers: 2,
      reconnectDelay: { initial: 1, max: 1 },
      now: () => now,
      ...options,
    })
    await client.set('key', 1).catch(() => {})
    await server.stop()
    await client.getMany(Array.from({ length: 30 }, (_, i) => `${i}`)).catch(() => {})
    expect(client.servers.map(({ state }) => state)).toEqual(['dead', 'dead'])

    server = await MemcachedServer.start({ path })
    const other = new Client(path, { serde: pickling })
    await other.set('mc-probe', 'x')
    await expect
      .poll(async () => {
        now += 70_000
        await client.get('key').catch(() => {})
        return client.servers[0]?.state
      })
      .toBe('healthy')
    await Promise.all([client.close(), other.close()])
    await server.stop()
  })

  /** Flags of pickled values, which the default serde refuses. */
  const pickling = { serialize: () => ({ data: Buffer.from('x'), flags: 1 }), deserialize: String }

  function withoutVersion(server: ConstructorParameters<typeof Client>[0]): Client {
    const client = new Client(server, { reconnectDelay: { initial: 1, max: 1 } })
    return Object.defineProperty(client, 'version', { value: undefined })
  }
})

describe('a hook that throws', () => {
  const hooks = ['now', 'random', 'addNode'] as const

  it.each(hooks)(
    '%s during a probe is an error event, and the probe is made again',
    async (hook) => {
      const bug = new Error(`${hook} has a bug`)
      let isThrowing = false
      class BuggyHash extends RendezvousHash {
        override addNode(node: string): void {
          check('addNode')
          super.addNode(node)
        }
      }
      const check = (name: string): void => {
        if (isThrowing && name === hook) throw bug
      }
      const cluster: FakeCluster = new FakeCluster(names, {
        hasher: new BuggyHash(),
        now: (): number => {
          check('now')
          return cluster.time
        },
        random: () => {
          check('random')
          return 0
        },
      })
      await cluster.kill('b:1')
      if (hook === 'addNode') cluster.server('b:1').fault = undefined
      const errors: unknown[] = []
      cluster.client.on('error', (error) => errors.push(error))
      cluster.time += 66_000
      const call = cluster.client.get(cluster.keyOn('a:1'))
      // The probe is under way.
      isThrowing = true
      await call.catch(() => {})
      await settled()
      expect(errors).toContain(bug)
      expect(cluster.statusOf('b:1').state).toBe('dead')

      isThrowing = false
      cluster.server('b:1').fault = undefined
      cluster.time += 66_000
      await cluster.client.get(cluster.keyOn('a:1'))
      await settled()
      expect(cluster.statusOf('b:1').state).toBe('healthy')
      expect(cluster.homesOf('none')).toEqual([])
    },
  )

  it.each(['now', 'random', 'removeNode'] as const)(
    '%s at a failure does not hide that failure',
    async (hook) => {
      const bug = new Error('a bug')
      let isThrowing = false
      const hasher = new RendezvousHash()
      const cluster = new FakeCluster(names, {
        retryAttempts: 0,
        hasher: Object.assign(hasher, {
          removeNode: () => {
            throw bug
          },
        }),
        ...(hook !== 'removeNode' && {
          [hook]: () => {
            if (isThrowing) throw bug
            return 0
          },
        }),
      })
      const errors: unknown[] = []
      cluster.client.on('error', (error) => errors.push(error))
      const server = cluster.server('b:1')
      server.refuse()
      const call = cluster.client.get(cluster.keyOn('b:1'))
      isThrowing = true
      await expect(call).rejects.toBe(server.fault)
      await settled()
      expect(errors).toContain(bug)
      expect(cluster.statusOf('b:1').state).toBe('dead')
    },
  )
})
