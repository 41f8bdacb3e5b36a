import type { Client } from '@mc/client'
import { MemcacheError } from '@mc/protocol'
import type { TestServer } from '@mc/testing'
import { registerCacheDriverTestSuite } from 'bentocache/test_suite'
import {
  afterEach,
  assert,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest'
import { isLong } from '../../../../test-support/amounts.ts'
import { memcacheDriver } from '../../src/bentocache/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { connected, startBehindProxy } from '../support/servers.ts'

type Suite = Parameters<typeof registerCacheDriverTestSuite>[0]
type Body = (context: object) => Promise<void>

/** Sleeps for 2.5 seconds, in which memcached's own clock has to advance as well. */
const EXPIRY = 'set() store a value with expiration'

// The suite is written for another runner; this is what it uses of it.
const runner = (withExpiry: boolean) =>
  ({
    test: (title: string, body: Body) => {
      if (title === EXPIRY && !withExpiry) return
      // A machine that stands still for a second is slower than the clock that the test expects.
      const options = title === EXPIRY ? { retry: 5 } : {}
      test(title, options, () => body({ assert, cleanup: onTestFinished }))
    },
    group: {
      setup: beforeAll,
      tap: () => {},
      each: { teardown: afterEach },
    },
  }) as unknown as Pick<Suite, 'test' | 'group'>

for (const kind of FRAMEWORK_SERVERS) {
  describe(`bentocache's driver suite on ${kind.name}`, { tags: ['long', ...kind.tags] }, () => {
    let server: TestServer
    let client: Client
    beforeAll(async () => {
      server = await kind.start()
      client = connected(server.name, kind.options)
      return async () => {
        client.destroy()
        await server.stop()
      }
    })
    registerCacheDriverTestSuite({
      ...runner(isLong),
      createDriver: ({ prefix } = {}) => memcacheDriver({ client }).factory({ client, prefix }),
    })
  })

  if (isLong)
    describe(`bentocache's driver suite on ${kind.name} that is down before every test`, {
      tags: ['long', ...kind.tags],
    }, () => {
      let started: Awaited<ReturnType<typeof startBehindProxy>>
      const driverOf = (prefix?: string) => {
        const { client } = started
        return memcacheDriver({ client }).factory({ client, prefix })
      }
      beforeAll(async () => {
        started = await startBehindProxy(kind)
        return started.stop
      })
      beforeEach(async () => {
        const driver = driverOf('outages')
        await driver.set('k', 'kept')
        const back = started.down()
        // bentocache decides what an error of its second level does.
        await expect(driver.get('k')).rejects.toThrow(MemcacheError)
        await expect(driver.set('k', 'lost')).rejects.toThrow(MemcacheError)
        back()
        await expect.poll(() => driver.get('k')).toBe('kept')
      })
      registerCacheDriverTestSuite({
        ...runner(false),
        createDriver: ({ prefix } = {}) => driverOf(prefix),
      })
    })
}
