import keyvTestSuite from '@keyv/test-suite'
import type { Client } from '@mc/client'
import type { TestServer } from '@mc/testing'
import { Keyv } from 'keyv'
import { Keyv as Keyv6 } from 'keyv6'
import * as vitest from 'vitest'
import { isLong } from '../../../../test-support/amounts.ts'
import { KeyvMemcache } from '../../src/keyv/index.ts'
import { FRAMEWORK_SERVERS } from '../support/framework-servers.ts'
import { connected, startBehindProxy } from '../support/servers.ts'

// Keyv's own tests. Of Keyv 6 none are published, so it has to pass those of Keyv 5, but one: it answers an array there.
const NOT_OF_6 = '.deleteMany([keys]) with nonexistent keys resolves to false'

const { expect } = vitest
const KEYVS = { 'Keyv 5': Keyv, 'Keyv 6': Keyv6 as unknown as typeof Keyv }

for (const kind of FRAMEWORK_SERVERS) {
  for (const [name, AnyKeyv] of Object.entries(KEYVS)) {
    // Some of its tests read values of a second by the machine's clock: a busy machine may be too late.
    const it = (title: string, run: () => Promise<void>) =>
      name === 'Keyv 6' && title === NOT_OF_6 ? undefined : vitest.it(title, { retry: 5 }, run)
    const runner = { ...vitest, it: it as typeof vitest.it }

    vitest.describe(`${name} on ${kind.name}`, { tags: [...kind.tags] }, () => {
      let server: TestServer
      let client: Client
      vitest.beforeAll(async () => {
        server = await kind.start()
        client = connected(server.name, kind.options)
      })
      vitest.afterAll(async () => {
        client.destroy()
        await server.stop()
      })
      keyvTestSuite(runner, AnyKeyv, () => new KeyvMemcache(client) as never)
    })

    if (isLong)
      vitest.describe(
        `${name} on ${kind.name} that is down before every test`,
        {
          tags: ['long', ...kind.tags],
        },
        () => {
          let started: Awaited<ReturnType<typeof startBehindProxy>>
          vitest.beforeAll(async () => {
            started = await startBehindProxy(kind)
            return started.stop
          })
          vitest.beforeEach(async () => {
            const store = new KeyvMemcache(started.client)
            const keyv = new AnyKeyv({ store, namespace: 'outages' })
            const errors: unknown[] = []
            keyv.on('error', (error: unknown) => errors.push(error))
            expect(await keyv.set('k', 'kept')).toBe(true)
            const back = started.down()
            expect(await keyv.get('k')).toBeUndefined()
            expect(await keyv.set('k', 'lost')).toBe(false)
            expect(errors).toHaveLength(2)
            back()
            await expect.poll(() => keyv.get('k')).toBe('kept')
          })
          keyvTestSuite(runner, AnyKeyv, () => new KeyvMemcache(started.client) as never)
        },
      )
  }
}
