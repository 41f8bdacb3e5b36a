import assert from 'node:assert/strict'
import type { MemcacheClient, ServerCommands } from '@mc/protocol'
import { answersOf } from './at-once.ts'
import { checkExceptions } from './exceptions.ts'
import { type TestRunner, testRunner } from './runner.ts'
import { withClient } from './with-client.ts'

/** A client with the commands of one server. */
export interface ServerCommandsSubject {
  /** What its tests are called. */
  readonly name: string
  /** Makes a client of an empty server; the contract closes it. */
  readonly create: () =>
    | (MemcacheClient & ServerCommands)
    | Promise<MemcacheClient & ServerCommands>
  /** Rules that the server does not follow, by the names of their tests, with the reason. */
  readonly exceptions?: Readonly<Record<string, string>>
}

/** What every client with `ServerCommands` must do, as tests. */
export function serverCommandsContract(subject: ServerCommandsSubject, runner?: TestRunner): void {
  const { describe, test } = testRunner(runner)
  const { exceptions = {} } = subject
  const names: string[] = []
  const rule = (
    name: string,
    check: (client: MemcacheClient & ServerCommands) => Promise<void>,
  ): void => {
    names.push(name)
    if (exceptions[name] === undefined) test(name, () => withClient(() => subject.create(), check))
  }

  describe(`${subject.name}, commands of the server`, () => {
    rule('stats answers typed values by name', async (client) => {
      await client.set('stats-key', 'v')
      const stats = await client.stats()
      assert.equal(typeof stats.pid, 'number')
      assert.equal(typeof stats.rusage_user, 'number')
      assert.equal(typeof stats.version, 'string')
      assert.equal(stats.hash_is_expanding, false)
      assert.ok((stats.curr_items as number) >= 1)
      assert.equal(typeof (await client.stats('settings')).maxbytes, 'number')
      assert.ok(Object.keys(await client.stats('items')).length > 0)
    })
    rule('stats with words of its own answers nothing or items', async (client) => {
      const prefix = `p${Math.random().toString(36).slice(2)}`
      await client.set(`${prefix}:dumped`, 'v')
      assert.deepEqual({ ...(await client.stats('reset')) }, {})
      assert.deepEqual({ ...(await client.stats('detail', 'on')) }, {})
      await client.getMany([`${prefix}:key`])
      assert.match(String((await client.stats('detail', 'dump'))[prefix]), /^get 1 hit 0/)
      assert.deepEqual({ ...(await client.stats('detail', 'off')) }, {})
      const names = Object.keys(await client.stats('items'))
      const slabs = new Set(names.map((name) => name.split(':')[1] as string))
      const dumps = await answersOf(
        [...slabs].map((id) => () => client.stats('cachedump', id, '0')),
      )
      // Which items a server shows is its own affair.
      for (const item of dumps.flatMap((dump) => Object.values(dump))) {
        assert.match(String(item), /^\[\d+ b; \d+ s\]$/)
      }
    })
    rule('stats refuses arguments that are not words, and unknown ones', async (client) => {
      for (const argument of ['a b', '', 'x\r\nflush_all', 5 as never]) {
        await assert.rejects(client.stats(argument), { code: 'MEMCACHE_ILLEGAL_INPUT' })
      }
      await assert.rejects(client.stats('nonsense'), { code: 'MEMCACHE_UNKNOWN_COMMAND' })
    })
    rule('version answers the text of the version', async (client) => {
      assert.match(await client.version(), /^\d+\.\d+\.\d+/)
    })
    rule('verbosity and cacheMemlimit answer true', async (client) => {
      assert.equal(await client.verbosity(0), true)
      assert.equal(await client.verbosity(0, { noreply: true }), true)
      assert.equal(await client.cacheMemlimit(64), true)
      for (const illegal of [-1, 1.5, '1' as never]) {
        await assert.rejects(client.verbosity(illegal), { code: 'MEMCACHE_ILLEGAL_INPUT' })
        await assert.rejects(client.cacheMemlimit(illegal), { code: 'MEMCACHE_ILLEGAL_INPUT' })
      }
      await assert.rejects(client.cacheMemlimit(1), { code: 'MEMCACHE_SERVER_ERROR' })
    })
    rule('shutdown is an error where the server does not allow it', async (client) => {
      // Servers differ in the first word of the line: `ERROR: shutdown not enabled` or `SERVER_ERROR: …`.
      const codes = ['MEMCACHE_UNKNOWN_COMMAND', 'MEMCACHE_SERVER_ERROR']
      const isRefusal = (error: { code?: unknown }) => codes.includes(String(error.code))
      await assert.rejects(client.shutdown(), isRefusal)
      await assert.rejects(client.shutdown({ graceful: true }), isRefusal)
      assert.match(await client.version(), /^\d/)
    })
    rule('rawCommand answers all before the end token, amid other commands', async (client) => {
      await client.set('raw-key', 'END of it')
      const replies = await answersOf([
        () => client.get('raw-key'),
        () => client.rawCommand('version'),
        () => client.rawCommand(Buffer.from('get raw-key'), { endToken: '\r\nEND\r\n' }),
        () => client.rawCommand('get raw-none', { endToken: Buffer.from('END\r\n') }),
        () => client.get('raw-key'),
      ])
      assert.equal(replies[0], 'END of it')
      assert.match(replies[1].toString(), /^VERSION \d/)
      assert.equal(replies[2].toString(), 'VALUE raw-key 16 9\r\nEND of it')
      assert.equal(replies[3].toString(), '')
      assert.equal(replies[4], 'END of it')
      await assert.rejects(client.rawCommand('nonsense', { endToken: 'END\r\n' }), {
        code: 'MEMCACHE_UNKNOWN_COMMAND',
      })
    })
    checkExceptions(exceptions, names)
  })
}
