import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipOtherVersion } from '../../../test-support/model-version.ts'
import { MemcachedServer, memcached, type TestServer } from '../src/index.ts'
import { META_CONVERSATIONS, TEXT_CONVERSATIONS } from './support/conversations.ts'
import { RawConnection } from './support/raw-connection.ts'
import { WITHOUT_BACKGROUND } from './support/server-pair.ts'

/** What the embedded server is held to is tried on a real one, too. */
const KINDS: readonly (readonly [string, string[], () => Promise<TestServer>])[] = [
  ['MemcachedServer', [], () => MemcachedServer.start()],
  ['memcached', ['memcached'], () => memcached.start({ args: WITHOUT_BACKGROUND })],
]

for (const [name, tags, start] of KINDS) {
  describe(name, { tags, ...(tags.length > 0 && skipOtherVersion) }, () => {
    let server: TestServer
    beforeAll(async () => {
      server = await start()
    })
    afterAll(() => server.stop())

    describe.each([
      ['text', TEXT_CONVERSATIONS],
      ['meta', META_CONVERSATIONS],
    ])('%s', (_, conversations) => {
      test.each(conversations)('%s', async (_about, sent, answered) => {
        const connection = await RawConnection.open(server.name)
        await connection.ask('flush_all\r\n')
        const answer = await connection.ask(sent)
        await connection[Symbol.asyncDispose]()
        expect(comparable(answer)).toBe(answered)
      })
    })
  })
}

function comparable(answer: string): string {
  return answer
    .replace(/(?<=^VALUE \S+ \d+ \d+ )\d+/gm, '#')
    .replace(/(?<= c(?:as=)?)[1-9]\d*/g, '#')
    .replace(/(?<= la=)\d+/g, '#')
}
